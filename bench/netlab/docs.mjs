// node bench/netlab/docs.mjs RESULT.json: writes the figures of `bench/netlab/run.mjs --json` into docs/netlab.md.

import { fileURLToPath } from 'node:url';
import '../micro/typescript.mjs';

const { writeFigures } = await import('./write-figures.js');
const document = fileURLToPath(new URL('../../docs/netlab.md', import.meta.url));
process.exitCode = writeFigures(process.argv[2], document);
