// `npm run bench`: set-up, then the performance suite. Arguments go to it: `npm run bench -- --only E1,P1 --seconds 2`.

import { inRoot } from './lib/paths.mjs';
import { comparesWithPeers, installPeers } from './lib/peers.mjs';
import { passThrough } from './lib/run.mjs';
import { setup } from './lib/setup.mjs';

const args = process.argv.slice(2);
await setup();
if (comparesWithPeers(args)) await installPeers();
process.exitCode = await passThrough(process.execPath, [inRoot('bench/run.mjs'), ...args]);
