/**
 * S1: the highest rate of 64-byte datagrams that arrives without loss, from one process to another over loopback.
 *
 *     node --import ./bench/micro/typescript.mjs bench/stress/cases/packet-rate.ts udp
 *
 * `udp`: batches of burstwire/udp; `dgram`: node:dgram; `datagram`: unreliable datagrams of a secure connection. The rate is
 * doubled while it holds, then the last step is halved four times. Started by the runner; starts itself as the receiver.
 *
 * Invariant: a rate has held only when 98 % of it were offered, and nothing of that was lost or refused.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { benchConfig, report } from '../../suite/case-process.js';
import { openReceiver, openSender, type Sender } from '../packet-ends.js';

const FIRST_RATE = 2000;
const WARM_UP_RATE = 16_000;
const DOUBLINGS_MAX = 13;
const HALVINGS = 4;
/** Parts of the measured time, one for each step that there usually is. */
const STEPS = 10;
/** A step is never shorter: in less, one pause of the machine is all there is to see. */
const LEAST_STEP_SECONDS = 0.05;
/** A rate holds when it did so once in so many tries. */
const TRIES = 3;
const OFFERED_SHARE = 0.98;
/** Datagrams that may fall due between two looks at the clock: what is behind that is not offered any more. */
const BATCH_MAX = 256;
/** How long the receiver may take for what is under way. */
const SETTLE_MS = 30;

const [way, role] = process.argv.slice(2);

async function receive(): Promise<void> {
  const receiver = await openReceiver(way);
  process.on('message', () => process.send!({ received: receiver.received() }));
  process.send!(receiver.where);
}

async function ask(child: ChildProcess): Promise<number> {
  child.send('count');
  const [{ received }] = (await once(child, 'message')) as [{ received: number }];
  return received;
}

/** Offers `rate` for `seconds`; what was offered, taken, and how long it took. */
async function offer(sender: Sender, rate: number, seconds: number) {
  const startMs = performance.now();
  let sent = 0;
  let refused = 0;
  for (;;) {
    const elapsed = (performance.now() - startMs) / 1000;
    if (elapsed >= seconds) return { sent, refused, seconds: elapsed };
    const due = Math.min(Math.floor(elapsed * rate) - sent - refused, BATCH_MAX);
    if (due > 0) {
      const taken = sender.send(due);
      sent += taken;
      refused += due - taken;
    }
    await turn();
  }
}

interface Step {
  readonly rate: number;
  readonly lostPercent: number;
  readonly holds: boolean;
}

async function tryOnce(
  sender: Sender,
  child: ChildProcess,
  rate: number,
  seconds: number,
): Promise<Step> {
  const before = await ask(child);
  const offered = await offer(sender, rate, seconds);
  await wait(SETTLE_MS);
  const received = (await ask(child)) - before;
  const total = offered.sent + offered.refused;
  const isOffered = total >= OFFERED_SHARE * rate * offered.seconds;
  const lostPercent = total === 0 ? 0 : (100 * (total - received)) / total;
  return { rate: received / offered.seconds, lostPercent, holds: isOffered && received >= total };
}

async function step(
  sender: Sender,
  child: ChildProcess,
  rate: number,
  seconds: number,
): Promise<Step> {
  let tried = await tryOnce(sender, child, rate, seconds);
  for (let again = 1; again < TRIES && !tried.holds; again++) {
    tried = await tryOnce(sender, child, rate, seconds);
  }
  return tried;
}

async function search(sender: Sender, child: ChildProcess, seconds: number): Promise<Step> {
  let best: Step = { rate: 0, lostPercent: 100, holds: false };
  let low = 0;
  let high = FIRST_RATE;
  for (let doubling = 0; doubling < DOUBLINGS_MAX; doubling++) {
    const tried = await step(sender, child, high, seconds);
    if (!tried.holds) break;
    best = tried;
    low = high;
    high *= 2;
  }
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    const tried = await step(sender, child, middle, seconds);
    if (tried.holds) [low, best] = [middle, tried];
    else high = middle;
  }
  return best;
}

async function measure(): Promise<void> {
  const config = benchConfig();
  const script = process.argv[1];
  const child = fork(script, [way, 'receive'], { execArgv: process.execArgv });
  try {
    const [where] = await once(child, 'message');
    const sender = await openSender(way, where);
    await offer(sender, WARM_UP_RATE, config.warmupSeconds);
    await wait(SETTLE_MS);
    const best = await search(sender, child, Math.max(config.seconds / STEPS, LEAST_STEP_SECONDS));
    if (best.holds) report({ packetsPerSec: best.rate, lostPercent: best.lostPercent });
    else report({ packetsPerSec: 0, note: `none of the rates from ${FIRST_RATE} on has held` });
  } finally {
    child.kill('SIGKILL');
  }
}

if (role === 'receive') {
  await receive();
} else {
  await measure();
  process.exit();
}
