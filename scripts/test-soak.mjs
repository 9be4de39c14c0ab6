// `npm run test:soak [-- --seconds 1800]`: bulk, messages, datagrams and connections that come and go, all at once, for half
// an hour or as long as wanted. Ends with 1 when the heap has grown, or descriptors or timers are left over.
//
// Starts bench/stress/soak.ts, which says the rest.

import { inRoot } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';

const DEFAULT = ['--seconds', '1800'];

const given = process.argv.slice(2);
const program = ['--import', inRoot('bench/micro/typescript.mjs'), inRoot('bench/stress/soak.ts')];
const args = given.length === 0 ? DEFAULT : given;
process.exitCode = await passThrough(process.execPath, [...program, ...args]);
