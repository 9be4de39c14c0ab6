// node bench/docs.mjs RESULT.json...: writes the figures of the suite into docs/benchmarks.md and README.md.
//
// The results are those of `npm run bench -- --json FILE`; of several, each benchmark's newest counts.

import { fileURLToPath } from 'node:url';
import './micro/typescript.mjs';

const { writeDocs } = await import('./suite/docs.js');
const root = fileURLToPath(new URL('..', import.meta.url));
process.exitCode = writeDocs(process.argv.slice(2), root, process.stderr);
