// node bench/netlab/run.mjs [--only NAMES] [--json FILE]: transports through emulated links; see docs/netlab.md.

import '../micro/typescript.mjs';

const { main } = await import('./main.js');
process.exitCode = await main(process.argv.slice(2));
