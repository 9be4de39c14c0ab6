// `npm run test:soak [-- --seconds 1800]`: bulk, messages, datagrams and connections that come and go, all at once, for half
// an hour or as long as wanted. Ends with 1 when the heap has grown, or descriptors or timers are left over.
//
// `-- --churn 60000`: that many connections opened and closed instead, as fast as they can be, and what is left of them.
//
// Starts bench/stress/soak.ts or churn-soak.ts, which say the rest.

import { inRoot } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';

const DEFAULT = ['--seconds', '1800'];

const given = process.argv.slice(2);
if (given.includes('--help')) {
  console.log(
    'npm run test:soak [-- --seconds 1800 | -- --churn 60000 [--least CONNECTIONS_A_SECOND]]',
  );
  process.exit(0);
}
const script = given[0]?.startsWith('--churn') ? 'churn-soak.ts' : 'soak.ts';
const program = [
  '--import',
  inRoot('bench/micro/typescript.mjs'),
  inRoot(`bench/stress/${script}`),
];
const args = given.length === 0 ? DEFAULT : given;
process.exitCode = await passThrough(process.execPath, [...program, ...args]);
