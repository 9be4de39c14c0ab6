// `npm start`: set-up, then the benchmark. Arguments go to it: `npm start -- --seconds 2 --json out.json`.

import { inRoot } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';
import { setup } from './lib/setup.mjs';

await setup();
const args = [inRoot('dist/cli/main.js'), 'bench', ...process.argv.slice(2)];
process.exitCode = await passThrough(process.execPath, args);
