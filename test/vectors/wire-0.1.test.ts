/**
 * What version 0.1 said, understood by the code of today: whole connections that were recorded once, with all keys.
 *
 * Handshake messages are accepted, and made again byte for byte; every packet opens, every frame is the one that was
 * written down, and the streams hold what the application wrote.
 *
 * When this fails, today's code does not understand what is in the field. Do not record again. If the format changes on
 * purpose: (1) where both formats are spoken, give the new one another handshake version (docs/handshake.md), leave these
 * recordings as they are, and record the new format into a folder of its own, `wire-<version>`, with a test like this one;
 * (2) where 0.1 is no longer spoken, do the same, and delete this file and its folder in the commit that ends it, with a
 * line in CHANGELOG.md that says so.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as layout from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import {
  EVENT_MESSAGE,
  EVENT_READABLE,
  EVENT_RESET,
  EVENT_STOPPED,
  EVENT_STREAM,
} from '../../lib/core/event-ring.js';
import { KeySchedule } from '../../lib/core/handshake/key-schedule.js';
import { SUITES } from '../../lib/core/handshake/protocol.js';
import type { Random } from '../../lib/core/ports.js';
import type { Stream } from '../../lib/core/streams/stream.js';
import { FrameReader } from '../../lib/core/wire/frame-reader.js';
import { nodePrimitives } from '../../lib/crypto/primitives.js';
import { encode } from '../support/any-frame.js';
import { readAll } from '../support/frame-model.js';
import { Node } from '../support/handshake-net.js';
import { decodeAll, hasPython, modelOf, type ShownFrame } from '../support/second-decoder.js';
import { keyPairOf, testPrimitives } from '../support/test-primitives.js';
import { Side, Space } from '../unit/core/streams/harness.js';
import { type Provider, providers } from '../unit/crypto/providers.js';
import { EPOCH_US } from './wire-0.1/speaker.js';

type Role = 'initiator' | 'responder';

interface Keys {
  readonly static: string;
  readonly ephemeral: string;
}

interface Recording {
  readonly suite: number;
  readonly isKnown: boolean;
  readonly psk?: string;
  readonly initiator: Keys;
  readonly responder: Keys;
  readonly startUs: number;
  /** The first traffic secrets, of initiator and responder. */
  readonly secrets: readonly [string, string];
  readonly parameters: Readonly<Record<Role, string>>;
  readonly datagrams: readonly { readonly from: Role; readonly bytes: string }[];
  readonly packets: readonly {
    readonly from: Role;
    readonly number: number;
    readonly phase: number;
    readonly frames: readonly ShownFrame[];
  }[];
}

const FOLDER = new URL('wire-0.1/', import.meta.url);
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

const recordings = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => {
    const recording = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Recording;
    return { name, recording };
  });

const isMessage = (text: string): boolean => Number.parseInt(text.slice(0, 2), 16) >= 0x80;

/** Today's side of the handshake, with the dice of then: connection id and ephemeral. */
function nodeOf(recording: Recording, role: Role, id: Uint8Array): Node {
  const random: Random = { fill: (target) => target.set(id.subarray(0, target.length)) };
  const keys = recording[role];
  return new Node(role, {
    random,
    primitives: { ...testPrimitives(), generateKeyPair: () => keyPairOf(bytes(keys.ephemeral)) },
    identity: keyPairOf(bytes(keys.static)),
    parameters: bytes(recording.parameters[role]),
    suites: [recording.suite],
    nowUs: recording.startUs,
    epochUs: EPOCH_US,
    ...(recording.psk === undefined ? {} : { psk: bytes(recording.psk) }),
  });
}

/** Opens what one side sent; the payloads in order, with number and phase. */
function openAll(provider: Provider, recording: Recording, from: Role) {
  const [initiator, responder] = recording.secrets.map(bytes);
  const isFirst = from === 'initiator';
  const protection = provider.open();
  const keys = KeySchedule.install({
    protection,
    primitives: nodePrimitives,
    suite: SUITES.find(({ id }) => id === recording.suite)!,
    sendSecret: isFirst ? responder : initiator,
    receiveSecret: isFirst ? initiator : responder,
  })!;
  const sent = recording.datagrams.filter((one) => one.from === from && !isMessage(one.bytes));
  return sent.map(({ bytes: text }) => {
    const packet = bytes(text);
    const batch = new PacketBatch(2048, 1);
    batch.bytes.set(packet);
    batch.rows[layout.LENGTH] = packet.length;
    batch.rows[layout.KEY] = keys.openKey;
    protection.open(batch, 0, 1);
    expect(batch.rows[layout.STATUS]).toBe(0);
    const number = batch.doubles[layout.PACKET_NUMBER >> 1];
    if ((batch.rows[layout.FLAGS] & layout.FLAG_KEY_UPDATED) !== 0) {
      keys.onPeerUpdated(number, 0, 0, 0);
      keys.onTimer(1);
    }
    const at = batch.rows[layout.HEADER_LENGTH];
    const payload = batch.bytes.slice(at, at + batch.rows[layout.PLAINTEXT_LENGTH]);
    return { number, phase: keys.receivePhase, payload };
  });
}

function captureOf({ suite, datagrams, psk, responder }: Recording): object {
  const keys = { ...responder, ...(psk === undefined ? {} : { psk }) };
  return { suite, keys, datagrams, frames: true };
}

/** All recordings, once one of them is asked for. */
let decoded: ReturnType<typeof decodeAll> | undefined;

describe.each(recordings)('recorded by 0.1: $name', ({ recording }) => {
  const messages = recording.datagrams.filter((one) => isMessage(one.bytes));
  const ids = {
    initiator: bytes(messages[0].bytes).subarray(13, 21),
    responder: bytes(messages[1].bytes).subarray(13, 21),
  };

  it('shakes hands, and says the same', () => {
    const a = nodeOf(recording, 'initiator', ids.initiator);
    const b = nodeOf(recording, 'responder', ids.responder);
    a.connect(b, recording.isKnown);
    messages.forEach((message, index) => {
      const [from, to] = index % 2 === 0 ? [a, b] : [b, a];
      const [said] = from.takeSent();
      expect(hex(said.bytes)).toBe(message.bytes);
      expect(to.receive(bytes(message.bytes), from.source)).toBe(0);
    });
    const [left] = a.outcomes();
    const [right] = b.outcomes();
    expect([left.sendSecret, left.receiveSecret].map(hex)).toEqual(recording.secrets);
    expect([right.receiveSecret, right.sendSecret].map(hex)).toEqual(recording.secrets);
    expect(hex(left.remoteParameters)).toBe(recording.parameters.responder);
    expect(hex(right.remoteParameters)).toBe(recording.parameters.initiator);
  });

  it.each(
    providers.flatMap((provider) =>
      (['initiator', 'responder'] as const).map((from) => ({ provider, from })),
    ),
  )(
    'opens the packets of the $from, and reads their frames: $provider.name',
    ({ provider, from }) => {
      const reader = new FrameReader();
      const read = openAll(provider, recording, from).map(({ number, phase, payload }) => ({
        from,
        number,
        phase,
        ...readAll(reader, payload),
      }));
      const packets = recording.packets.filter((packet) => packet.from === from);
      const expected = packets.map(({ frames, ...packet }) => ({
        ...packet,
        frames: frames.map(modelOf),
        isMalformed: false,
      }));
      expect(read).toEqual(expected);
    },
  );

  it('has in its streams what the application wrote', () => {
    const side = new Side({ isInitiator: false, config: { initialStreamData: 1 << 20 } });
    const isOfStreams = ({ type }: ShownFrame): boolean =>
      type === 4 || type === 5 || type === 8 || (type >= 0x10 && type <= 0x17);
    const content = new Map<number, number[]>();
    const told: unknown[] = [];
    for (const { from, frames } of recording.packets) {
      if (from !== 'initiator') continue;
      for (const frame of frames.filter(isOfStreams)) {
        const space = new Space(1200);
        const encoded = encode(modelOf(frame));
        space.bytes.set(encoded);
        space.at = encoded.length;
        expect(side.receive(space)).toBe(0);
        for (const { kind, subject, value } of side.told()) {
          if (kind === EVENT_READABLE) {
            const stream = subject as Stream;
            const chunks = content.get(stream.id) ?? [];
            content.set(stream.id, chunks);
            for (let chunk = stream.read(); chunk !== undefined; chunk = stream.read())
              chunks.push(...chunk);
          } else if (kind === EVENT_MESSAGE) told.push([kind, [...(subject as Uint8Array)]]);
          else if (kind === EVENT_RESET || kind === EVENT_STOPPED)
            told.push([kind, (subject as Stream).id, value]);
          else expect(kind).toBe(EVENT_STREAM);
        }
      }
    }
    const pattern = (length: number, start: number): number[] =>
      Array.from({ length }, (_, index) => (start + 7 * index) & 0xff);
    expect([...content.values()].filter((chunks) => chunks.length > 0)).toEqual([
      pattern(5000, 1),
      pattern(40, 5),
    ]);
    expect(told).toContainEqual([EVENT_MESSAGE, pattern(900, 2)]);
    expect(told).toContainEqual([EVENT_RESET, 4, 11]);
    expect(told).toContainEqual([EVENT_STOPPED, 4, 12]);
  });

  it.skipIf(!hasPython)('is read by the second decoder as it was then', () => {
    const { packets } = recording;
    decoded ??= decodeAll(recordings.map((one) => captureOf(one.recording)));
    const { status, lines } = decoded[recordings.findIndex((one) => one.recording === recording)];
    expect(status).toBe(0);
    const read = lines.filter(({ type }) => type === 'packet');
    expect(
      read.map(({ from, number, phase, frames }) => ({ from, number, phase, frames })),
    ).toEqual(packets);
  });
});

it('has recordings of every pattern and suite', () => {
  expect(recordings.map(({ name }) => name).sort()).toEqual([
    'ik-aes-128.json',
    'ikpsk2-aes-256.json',
    'xx-chacha.json',
    'xxpsk3-aes-128.json',
  ]);
});
