/**
 * P6: complete handshakes, both sides, in memory.
 *
 *     node --import ./bench/micro/typescript.mjs bench/micro/cases/handshake.ts ik
 *
 * `ik`: Noise IK, peers that have met before; `ik-strangers`: peers that have not; `xx`: the initiator does not know the
 * key; `rsa`: the original's key transport; `tls`: node:tls. Rates are a second of CPU time, since both sides and all
 * their threads share this process. Started by the runner.
 *
 * Invariant: only handshakes that were completed are counted.
 */

import { randomBytes } from 'node:crypto';
import { benchConfig, report } from '../../suite/case-process.js';
import type { Measurement } from '../../suite/types.js';
import { NoiseHandshakes } from '../noise-handshake.js';
import { openKeyTransport } from '../original-protocol.js';
import { TlsHandshakes } from '../tls-handshake.js';

/** More than the peers whose secrets are remembered. */
const STRANGERS = 300;

type Handshake = () => void | Promise<void>;

function rsa(): Handshake {
  const transport = openKeyTransport();
  return () => {
    const key = randomBytes(16);
    if (!transport.receive(transport.send(key)).equals(key)) throw new Error('another key came');
  };
}

function noise(pattern: 'IK' | 'XX', clients: number): Handshake {
  const handshakes = new NoiseHandshakes(pattern, clients);
  return () => handshakes.run();
}

function tls(): Handshake {
  const handshakes = TlsHandshakes.open();
  if (handshakes === undefined) throw new Error('no openssl command to make a certificate with');
  return () => handshakes.run();
}

const WAYS: Readonly<Record<string, () => Handshake>> = {
  ik: () => noise('IK', 1),
  'ik-strangers': () => noise('IK', STRANGERS),
  xx: () => noise('XX', STRANGERS),
  rsa,
  tls,
};

/** Handshakes for that long, and the CPU time that they took. */
async function repeat(
  one: Handshake,
  seconds: number,
): Promise<{ readonly count: number; readonly cpuSeconds: number }> {
  const before = process.cpuUsage();
  const end = performance.now() + seconds * 1000;
  let count = 0;
  do {
    await one();
    count++;
  } while (performance.now() < end);
  const { user, system } = process.cpuUsage(before);
  return { count, cpuSeconds: (user + system) / 1e6 };
}

function measurementOf(count: number, cpuSeconds: number): Measurement {
  const opsPerSec = count / cpuSeconds;
  return { opsPerSec, nsPerOp: 1e9 / opsPerSec };
}

const config = benchConfig();
const one = WAYS[process.argv[2]]();
await repeat(one, config.warmupSeconds);
const { count, cpuSeconds } = await repeat(one, config.seconds);
report(measurementOf(count, cpuSeconds));
