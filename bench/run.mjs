// The performance suite: `npm run bench -- --help`. Sets nothing up; `npm run bench` does that first.
//
// Runs the suite's TypeScript in place. Ends with the exit code that suite/main.ts explains.

import './micro/typescript.mjs';

const { CATALOGUE } = await import('./suite/catalogue.js');
const { main } = await import('./suite/main.js');
process.exitCode = await main(process.argv.slice(2), CATALOGUE);
