// A case that does what FAKE says. Measures nothing, so that what the runner does with it is known.

import { appendFileSync } from 'node:fs';

const { FAKE = 'good', FAKE_VALUE = '100', FAKE_LOG } = process.env;
const { seconds } = JSON.parse(process.env.BENCH_CONFIG);
const say = (object) => console.log(typeof object === 'string' ? object : JSON.stringify(object));

const ACTS = {
  good: () =>
    say({ opsPerSec: Number(FAKE_VALUE), lostPercent: 0, note: `window of ${seconds} s` }),
  chatty: () => {
    say('this goes unread');
    say({ opsPerSec: 1 });
  },
  told: () => {
    say({ error: 'the server would not listen' });
    process.exitCode = 1;
  },
  failing: () => {
    throw new RangeError('out of cheese');
  },
  hanging: () => {
    if (FAKE_LOG) appendFileSync(FAKE_LOG, 'started\n');
    setInterval(() => {}, 1000);
  },
  silent: () => {},
  nonsense: () => say('Segmentation fault'),
  list: () => say([1, 2]),
  nan: () => say('{"opsPerSec":null}'),
  unknown: () => say({ opsPerSec: 1, opsPerMinute: 60 }),
  other: () => say({ nsPerOp: 3 }),
  killed: () => process.kill(process.pid, 'SIGTERM'),
};

ACTS[FAKE]();
