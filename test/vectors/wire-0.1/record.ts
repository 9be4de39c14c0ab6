/**
 * Records what version 0.1 says: `node --import ./bench/micro/typescript.mjs test/vectors/wire-0.1/record.ts`.
 *
 * Run once, by 0.1 itself. To run it again is to say that peers in the field no longer matter: see wire-0.1.test.ts. The
 * packets and their frames are written down as the second decoder reads them.
 */

import { writeFileSync } from 'node:fs';
import { runPython } from '../../support/second-decoder.js';
import { Speaker } from './speaker.js';

const START_US = 1_000_000;
const STEP_US = 5000;
const ROUNDS = 60;

interface Conversation {
  readonly name: string;
  readonly suite: number;
  readonly isKnown: boolean;
  readonly psk?: Uint8Array;
}

const CONVERSATIONS: readonly Conversation[] = [
  { name: 'ik-aes-128', suite: 1, isKnown: true },
  { name: 'xx-chacha', suite: 3, isKnown: false },
  { name: 'ikpsk2-aes-256', suite: 2, isKnown: true, psk: new Uint8Array(32).fill(0x2a) },
  { name: 'xxpsk3-aes-128', suite: 1, isKnown: false, psk: new Uint8Array(32).fill(0x2b) },
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (length: number, start: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => start + 7 * index);

/** What the applications do, by round: every frame that an application can bring about. */
function act(round: number, here: Speaker, there: Speaker): void {
  const { connection } = here;
  if (connection === undefined || there.connection === undefined) return;
  switch (round) {
    case 6: {
      const stream = connection.openStream(false)!;
      here.streams.push(stream);
      stream.write(bytesOf(5000, 1));
      stream.finish();
      connection.sendMessage(bytesOf(900, 2), 0);
      connection.sendDatagram(bytesOf(333, 3));
      return;
    }
    case 14:
      for (const stream of there.streams) {
        if (stream.isUnidirectional) continue;
        stream.write(bytesOf(2500, 4));
        stream.finish();
      }
      there.connection.sendMessage(bytesOf(0, 0), 0);
      there.connection.sendDatagram(bytesOf(0, 0));
      return;
    case 22:
      connection.keys.update(connection.recovery.nextPacketNumber);
      connection.openStream(true)!.write(bytesOf(40, 5));
      return;
    case 30: {
      const stream = connection.openStream(false)!;
      here.streams.push(stream);
      stream.write(bytesOf(10, 6));
      stream.reset(11);
      stream.stop(12);
      return;
    }
    case 50:
      connection.close(77, 'recorded', false);
  }
}

function record({ name, suite, isKnown, psk }: Conversation): object {
  const common = { suites: [suite], ...(psk === undefined ? {} : { psk }) };
  const a = new Speaker({ name: `${name} initiator`, ...common }, START_US);
  const b = new Speaker({ name: `${name} responder`, ...common }, START_US);
  const remoteStatic = isKnown ? { remoteStatic: b.identity.publicKey } : {};
  a.endpoint.connect({ peer: 1, ...remoteStatic }, START_US);
  const datagrams: { from: 'initiator' | 'responder'; bytes: string }[] = [];
  let toA: Uint8Array[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const nowUs = START_US + round * STEP_US;
    act(round, a, b);
    const toB = a.turn(toA, 1, nowUs);
    for (const bytes of toB) datagrams.push({ from: 'initiator', bytes: hex(bytes) });
    toA = b.turn(toB, 0, nowUs);
    for (const bytes of toA) datagrams.push({ from: 'responder', bytes: hex(bytes) });
  }
  const privateKeys = ({ made }: Speaker) => ({
    static: hex(made[0].privateKey),
    ephemeral: hex(made[1].privateKey),
  });
  const pskText = psk === undefined ? {} : { psk: hex(psk) };
  const keys = { ...privateKeys(b), ...pskText };
  const { status, lines } = runPython('decode.py', { suite, keys, datagrams, frames: true });
  if (status !== 0) throw new Error(JSON.stringify(lines.find(({ error }) => error !== undefined)));
  const [last] = lines.filter(({ secrets }) => secrets !== undefined);
  const { secrets, parameters } = last;
  const packets = lines
    .filter(({ type }) => type === 'packet')
    .map(({ from, number, phase, frames }) => ({ from, number, phase, frames }));
  const initiator = privateKeys(a);
  const responder = privateKeys(b);
  return {
    suite,
    isKnown,
    ...pskText,
    initiator,
    responder,
    startUs: START_US,
    secrets,
    parameters,
    datagrams,
    packets,
  };
}

for (const conversation of CONVERSATIONS) {
  const file = new URL(`${conversation.name}.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(record(conversation), null, 2)}\n`);
}
