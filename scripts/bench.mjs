// `npm run bench`: set-up, then the performance suite. Arguments go to it: `npm run bench -- --only E1,P1 --seconds 2`.

import { inRoot } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';
import { setup } from './lib/setup.mjs';

await setup();
const args = [inRoot('bench/run.mjs'), ...process.argv.slice(2)];
process.exitCode = await passThrough(process.execPath, args);
