// `npm run test:fuzz [-- --seconds 30] [--seed 1] [--save] [target ...]`: coverage-guided fuzzing of lib/core.
//
// Starts test/fuzz/main.ts, which says the rest; the C++ is fuzzed by `npm run fuzz`.

import { inRoot } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';

const program = ['--import', inRoot('bench/micro/typescript.mjs'), inRoot('test/fuzz/main.ts')];
process.exitCode = await passThrough(process.execPath, [...program, ...process.argv.slice(2)]);
