/**
 * A decoder in another language, written from the documents, opens what two real endpoints said to each other.
 *
 * Needs python3; skipped with a printed reason where there is none.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import {
  FLAG_KEY_UPDATED,
  FLAGS,
  KEY,
  LENGTH,
  PACKET_NUMBER,
  STATUS,
} from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { KeySchedule } from '../../lib/core/handshake/key-schedule.js';
import type { Outcome } from '../../lib/core/handshake/outcome.js';
import { encodeParameters } from '../../lib/core/handshake/parameters.js';
import { PATTERNS, SUITES } from '../../lib/core/handshake/protocol.js';
import type { HandshakePrimitives, KeyPair } from '../../lib/core/ports.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { nodePrimitives } from '../../lib/crypto/primitives.js';
import { hex, Node, type Packet } from '../support/handshake-net.js';
import { decodeAll, hasPython, runPython } from '../support/second-decoder.js';

type Decoded = ReturnType<typeof decodeAll>[number];

interface Datagram {
  readonly from: 'initiator' | 'responder';
  readonly bytes: string;
}

/** Primitives that keep a copy of every ephemeral that they make. */
function recording(): { primitives: HandshakePrimitives; made: KeyPair[] } {
  const made: KeyPair[] = [];
  const generateKeyPair = (): KeyPair => {
    const pair = nodePrimitives.generateKeyPair();
    made.push({
      publicKey: pair.publicKey.slice(),
      privateKey: Uint8Array.from(pair.privateKey),
    });
    return pair;
  };
  return { primitives: { ...nodePrimitives, generateKeyPair }, made };
}

/** Seals and opens packets of one side. */
class Talker {
  readonly #keys: KeySchedule;
  readonly #outcome: Outcome;
  readonly #protection = openProtection().protection;
  #number: number;

  constructor(outcome: Outcome, firstNumber: number) {
    this.#outcome = outcome;
    this.#number = firstNumber;
    this.#keys = KeySchedule.install({
      protection: this.#protection,
      primitives: nodePrimitives,
      suite: outcome.suite,
      sendSecret: outcome.sendSecret.slice(),
      receiveSecret: outcome.receiveSecret.slice(),
    })!;
    this.#keys.confirm();
  }

  /** @param skip numbers left out in front of this packet */
  seal(payload: Uint8Array, skip: number): { bytes: Uint8Array; number: number; phase: number } {
    this.#number += skip;
    const length = 29 + payload.length;
    const batch = new PacketBatch(2048, 1);
    batch.bytes[0] = 0x40;
    batch.bytes.set(this.#outcome.remoteId, 1);
    batch.bytes.set(payload, 13);
    batch.rows[LENGTH] = length;
    batch.rows[KEY] = this.#keys.sealKey;
    batch.doubles[PACKET_NUMBER >> 1] = this.#number;
    expect(this.#protection.seal(batch, 0, 1)).toBe(1);
    const phase = this.#keys.sendPhase;
    return { bytes: batch.bytes.slice(0, length), number: this.#number++, phase };
  }

  open(bytes: Uint8Array): void {
    const batch = new PacketBatch(2048, 1);
    batch.bytes.set(bytes);
    batch.rows[LENGTH] = bytes.length;
    batch.rows[KEY] = this.#keys.openKey;
    this.#protection.open(batch, 0, 1);
    expect(batch.rows[STATUS]).toBe(0);
    const number = batch.doubles[PACKET_NUMBER >> 1];
    if (batch.rows[FLAGS] & FLAG_KEY_UPDATED) {
      this.#keys.onPeerUpdated(number, 0, 0, this.#number);
      this.#keys.onTimer(1);
    }
    this.#keys.onAcknowledged(this.#number - 1, false);
  }

  update(): void {
    expect(this.#keys.update(this.#number)).toBe(true);
  }

  close(): void {
    this.#keys.close();
  }
}

interface Capture {
  readonly datagrams: Datagram[];
  readonly left: Outcome;
  readonly right: Outcome;
  /** What the decoder must print for the packets. */
  readonly packets: object[];
  readonly keys: object;
}

function capture(pattern: (typeof PATTERNS)[number], suite: number): Capture {
  const psk = pattern.psk ? { psk: new Uint8Array(32).fill(0x2a) } : {};
  const { primitives, made } = recording();
  const a = new Node('a', {
    primitives: nodePrimitives,
    suites: [suite],
    parameters: encodeParameters(new Map([[1, Uint8Array.of(1, 2, 3)]])),
    ...psk,
  });
  const b = new Node('b', {
    primitives,
    suites: [suite],
    parameters: encodeParameters(new Map([[2, new Uint8Array(100).fill(9)]])),
    ...psk,
  });
  const datagrams: Datagram[] = [];
  const log = (bytes: Uint8Array, isFromA: boolean): void => {
    datagrams.push({ from: isFromA ? 'initiator' : 'responder', bytes: hex(bytes) });
  };
  a.connect(b, pattern.knownResponder);
  for (let turn = 0; turn < pattern.overheads.length; turn++) {
    const [from, to]: Node[] = turn % 2 === 0 ? [a, b] : [b, a];
    const [{ bytes }]: Packet[] = from.takeSent();
    log(bytes, from === a);
    to.receive(bytes, from.source);
  }
  const [left] = a.outcomes();
  const [right] = b.outcomes();
  const packets = talk(left, right, log);
  const keys = {
    static: hex(Uint8Array.from(b.identity.privateKey)),
    ephemeral: hex(made.at(-1)!.privateKey),
    ...(psk.psk ? { psk: hex(psk.psk) } : {}),
  };
  return { datagrams, left, right, packets, keys };
}

/** Packets of many sizes in both directions, with gaps and three key updates. */
function talk(
  left: Outcome,
  right: Outcome,
  log: (bytes: Uint8Array, isFromA: boolean) => void,
): object[] {
  const packets: object[] = [];
  const [initiator, responder] = [new Talker(left, 0), new Talker(right, 2 ** 31 - 5)];
  const lengths = [0, 1, 15, 16, 17, 100, 1171];
  for (let round = 0; round < 12; round++) {
    if (round > 0 && round % 3 === 0) (round % 2 ? initiator : responder).update();
    const order = round % 2 ? [initiator, responder] : [responder, initiator];
    for (const from of order) {
      const isFromA = from === initiator;
      const payload = new Uint8Array(lengths[round % lengths.length]).fill(round + 1);
      const sealed = from.seal(payload, round === 5 ? 2 ** 30 : round % 3);
      log(sealed.bytes, isFromA);
      (isFromA ? responder : initiator).open(sealed.bytes);
      packets.push({
        from: isFromA ? 'initiator' : 'responder',
        type: 'packet',
        number: sealed.number,
        phase: sealed.phase,
        connection: hex(isFromA ? left.remoteId : right.remoteId),
        payload: hex(payload),
      });
    }
  }
  initiator.close();
  responder.close();
  return packets;
}

const cases = SUITES.flatMap((suite) =>
  PATTERNS.map((pattern) => ({ name: pattern.name, aead: suite.aead, pattern, suite: suite.id })),
);

describe.skipIf(!hasPython)('second decoder', () => {
  let exchanges: (Capture & { readonly byKeys: Decoded; readonly bySecrets: Decoded })[];
  beforeAll(() => {
    const captures = cases.map(({ pattern, suite }) => capture(pattern, suite));
    const inputs = captures.flatMap(({ datagrams, left, right, keys }, index) => {
      const { suite } = cases[index];
      const secrets = { initiator: hex(left.sendSecret), responder: hex(right.sendSecret) };
      return [
        { suite, keys, datagrams },
        { suite, secrets, datagrams },
      ];
    });
    const read = decodeAll(inputs);
    exchanges = captures.map((one, index) => {
      return { ...one, byKeys: read[2 * index], bySecrets: read[2 * index + 1] };
    });
  });

  it.each(cases.map((one, index) => ({ ...one, index })))(
    '$name, $aead: opens the whole exchange',
    ({ pattern, index }) => {
      const { left, right, packets, byKeys, bySecrets } = exchanges[index];
      const { status, lines } = byKeys;
      expect(lines.slice(pattern.overheads.length)).toEqual(packets);
      expect(status).toBe(0);
      expect(lines[pattern.overheads.length - 1]).toMatchObject({
        secrets: [hex(left.sendSecret), hex(right.sendSecret)],
        hash: hex(left.handshakeHash),
        initiatorStatic: hex(right.remoteStatic),
        parameters: {
          initiator: hex(right.remoteParameters),
          responder: hex(left.remoteParameters),
        },
      });
      expect(bySecrets.status).toBe(0);
      expect(bySecrets.lines.slice(pattern.overheads.length)).toEqual(packets);
    },
  );

  it('says so when a packet was changed', () => {
    const { datagrams, keys } = capture(PATTERNS[0], 1);
    const last = datagrams.length - 1;
    const { from, bytes } = datagrams[last];
    const changed = Buffer.from(bytes, 'hex');
    changed[changed.length - 1] ^= 1;
    datagrams[last] = { from, bytes: hex(changed) };
    const { status, lines } = runPython('decode.py', { suite: 1, keys, datagrams });
    expect(status).toBe(1);
    expect(lines[last]).toEqual({ from, error: 'a packet that does not authenticate' });
  });
});
