// Goodput of one stream over loopback, two processes: burstwire beside the peers and the C++ ceiling, interleaved.
//
//   node bench/e2e/bulk.mjs [--rounds 5] [--seconds 2] [--only net,tls,...] [--json FILE]
//
// Each round runs every case once, in turn; a case is the median over the rounds. Peers come from bench/peers
// (`npm install` there); a case that cannot run is a row that says why. Nothing here decides whether a test passes.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCase } from './run-case.mjs';

const SMALL = JSON.stringify({ maxDatagramSize: 1452 });

const CASES = {
  net: { role: 'net' },
  tls: { role: 'tls' },
  udx: { role: 'udx' },
  quinn: { role: 'quinn' },
  burstwire: { role: 'burstwire', env: { BENCH_OPTIONS: SMALL } },
  'burstwire-free': { role: 'burstwire', env: { BENCH_OPTIONS: '{}' } },
  'burstwire-borrowed': { role: 'burstwire', env: { BENCH_OPTIONS: SMALL, BENCH_BORROW: '1' } },
  'burstwire-free-borrowed': { role: 'burstwire', env: { BENCH_OPTIONS: '{}', BENCH_BORROW: '1' } },
  'burstwire-js': {
    role: 'burstwire',
    env: { BENCH_OPTIONS: SMALL, BURSTWIRE_ENGINE: 'dgram', BURSTWIRE_CRYPTO: 'node' },
  },
  ceiling: { role: 'ceiling' },
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const names = values.only?.split(',') ?? Object.keys(CASES);
const unknown = names.find((name) => !(name in CASES));
if (unknown !== undefined) {
  console.error(`no case is called '${unknown}'; known are ${Object.keys(CASES).join(', ')}`);
  process.exit(2);
}

const results = Object.fromEntries(names.map((name) => [name, []]));
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const name of names) {
    const result = await runCase(CASES[name], Number(values.seconds));
    results[name].push(result);
    process.stderr.write(
      `round ${round} ${name}: ${result.error ?? `${((result.bytes * 8) / result.seconds / 1e9).toFixed(2)} Gbit/s`}\n`,
    );
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const rows = names.map((name) => {
  const good = results[name].filter((result) => result.error === undefined);
  if (good.length === 0) return { case: name, error: results[name][0].error };
  const gbits = median(good.map(({ bytes, seconds }) => (bytes * 8) / seconds / 1e9));
  const cpu = median(good.map(({ cpuUs, seconds }) => cpuUs / seconds / 1e4));
  const perDatagram = good.filter(({ datagrams }) => datagrams > 0);
  return {
    case: name,
    'Gbit/s': Number(gbits.toFixed(2)),
    'receiver CPU %': Math.round(cpu),
    ...(perDatagram.length > 0
      ? {
          'calls/datagram': Number(
            median(perDatagram.map((r) => r.calls / r.datagrams)).toFixed(4),
          ),
        }
      : {}),
  };
});
console.table(rows);
const of = (name) => rows.find((row) => row.case === name)?.['Gbit/s'];
for (const mine of names.filter((name) => name.startsWith('burstwire'))) {
  if (of(mine) === undefined) continue;
  const ratios = ['tls', 'net', 'udx', 'quinn', 'ceiling']
    .filter((name) => of(name) !== undefined)
    .map((name) => `${(of(mine) / of(name)).toFixed(2)} of ${name}`);
  console.log(`${mine}: ${ratios.join(', ')}`);
}
if (values.json) writeFileSync(values.json, JSON.stringify({ results, rows }, undefined, 2));
