// Round trips of 64 bytes over loopback, one at a time, two processes: a stream of burstwire beside node:dgram.
//
//   node bench/e2e/latency.mjs [--rounds 5] [--requests 20000]
//
// Each round runs every case once, in turn; a figure is the median over the rounds. Closed loop: the next request leaves
// when the answer is there. Nothing here decides whether a test passes.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '20000' },
  },
});
const CASES = ['dgram', 'burstwire', 'net', 'tls'];
const WARM_UP = 10_000;

/** -> { p50, p99 } in microseconds, or { error }. */
async function runCase(name) {
  const role = new URL(`roles/echo-${name}.mjs`, import.meta.url);
  const server = fork(role, ['server'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let client;
  try {
    const [info] = await once(server, 'message');
    const args = ['client', JSON.stringify(info), String(WARM_UP), values.requests];
    client = fork(role, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const timer = setTimeout(() => client.kill('SIGKILL'), 60_000);
    const [result] = await Promise.race([
      once(client, 'message'),
      once(client, 'exit').then(() => [{ error: 'ended without a result' }]),
    ]);
    clearTimeout(timer);
    return result;
  } finally {
    for (const child of [server, client]) {
      if (child === undefined || child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

const results = Object.fromEntries(CASES.map((name) => [name, []]));
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const name of CASES) {
    const result = await runCase(name);
    results[name].push(result);
    process.stderr.write(`round ${round} ${name}: ${JSON.stringify(result)}\n`);
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const figure = (name, key) => median(results[name].map((result) => result[key] ?? Number.NaN));
console.table(
  CASES.map((name) => ({
    case: name,
    'p50 us': Math.round(figure(name, 'p50')),
    'p99 us': Math.round(figure(name, 'p99')),
    'p50 of dgram': Number((figure(name, 'p50') / figure('dgram', 'p50')).toFixed(2)),
    'p99 of dgram': Number((figure(name, 'p99') / figure('dgram', 'p99')).toFixed(2)),
  })),
);
