/**
 * P5: the 12-byte nonce of a packet.
 *
 *     node --import ./bench/micro/typescript.mjs bench/micro/cases/nonce.ts counter
 *
 * `counter`: static IV xor packet number, which no packet has to carry; `random`: 12 bytes of chance into memory that is
 * there; `random-new`: 12 bytes of chance in a new buffer, as the original has it; `random-pool`: cut from a pool that is
 * filled for many packets at once. Started by the runner.
 *
 * Invariant: no two nonces of a run are the same, whichever way.
 */

import { randomBytes, randomFillSync } from 'node:crypto';
import { writeNonce } from '../../../lib/crypto/packet-number.js';
import { benchConfig, report } from '../../suite/case-process.js';
import { measureTimed } from '../timing.js';

const BYTES = 12;
/** Nonces in one sample. */
const TIMES = 256;
const POOLED = 128;

const nonce = new Uint8Array(BYTES);
const iv = randomBytes(BYTES);
const pool = new Uint8Array(POOLED * BYTES);
let number = 0;
let taken = POOLED;
/** Results go here, so that no work is thought away. */
let sink: Uint8Array = nonce;

function fromPool(): void {
  if (taken === POOLED) {
    randomFillSync(pool);
    taken = 0;
  }
  const at = taken++ * BYTES;
  for (let index = 0; index < BYTES; index++) nonce[index] = pool[at + index];
}

const WAYS: Readonly<Record<string, () => void>> = {
  counter: () => writeNonce(nonce, iv, number++),
  random: () => {
    randomFillSync(nonce);
  },
  'random-new': () => {
    sink = randomBytes(BYTES);
  },
  'random-pool': fromPool,
};

const way = WAYS[process.argv[2]];
/** The first few are looked at before anything is timed. */
function verify(): void {
  const seen = new Set<string>();
  for (let index = 0; index < TIMES; index++) {
    way();
    seen.add(Buffer.from(process.argv[2] === 'random-new' ? sink : nonce).toString('hex'));
  }
  if (seen.size !== TIMES) throw new Error(`${TIMES - seen.size} of ${TIMES} nonces came twice`);
}

verify();
const run = () => {
  for (let index = 0; index < TIMES; index++) way();
};
report(await measureTimed({ prepare() {}, run }, { operations: TIMES }, benchConfig()));
