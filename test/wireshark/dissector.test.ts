/**
 * The Wireshark dissector (tools/wireshark), run by tshark: handshakes, packets of all suites over key updates, every frame,
 * trains, what it cannot open; and a real connection with the key log that its endpoint has written.
 *
 * Skipped with a printed reason where there is no tshark.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { SUITES } from '../../lib/core/handshake/protocol.js';
import { headerKey, phaseKey } from '../../lib/core/handshake/traffic-secrets.js';
import { keyLogLine } from '../../lib/crypto/key-log.js';
import { nodePrimitives } from '../../lib/crypto/primitives.js';
import { generateIdentity, identityFromPrivateKey } from '../../lib/index.js';
import { qlogOf, type ShownFrame } from '../support/second-decoder.js';
import { type Aead, talk, upload } from '../transport/support/recorded-talk.js';
import { sealReference } from '../unit/crypto/reference-packet.js';
import { type Captured, dissect, handshakeOf, hasTshark, type ShownPacket } from './tshark.js';

const VECTORS = new URL('../vectors/', import.meta.url);
/** One for each suite. */
const connectionId = (aead: Aead): Uint8Array => Buffer.from(aead.slice(0, 8));
const PARAMETER_IDS = [1, 3, 4, 5, 6, 7, 8, 9, 0x0b, 0x0e, 0x20, 0x3b01, 0x3b02];
const SECRET = new Uint8Array(32).fill(7);

interface Recording {
  readonly suite: number;
  readonly secrets: readonly [string, string];
  readonly datagrams: readonly Captured[];
  readonly packets: readonly {
    readonly from: string;
    readonly number: number;
    readonly phase: number;
    readonly frames: readonly ShownFrame[];
  }[];
}

const recordings = readdirSync(new URL('wire-0.1/', VECTORS))
  .filter((name) => name.endsWith('.json'))
  .map((name): { readonly name: string; readonly recording: Recording } => {
    const text = readFileSync(new URL(`wire-0.1/${name}`, VECTORS), 'utf8');
    return { name, recording: JSON.parse(text) };
  });

/** The connection id that the sender of this handshake message is reached by. */
const idOf = (datagrams: readonly Captured[], type: string): Uint8Array =>
  Buffer.from(datagrams.find(({ bytes }) => bytes.startsWith(type))!.bytes.slice(26, 42), 'hex');

/** The two lines that a key log would hold of a recording. */
function keyLogOf({ suite, secrets, datagrams }: Recording, session: number): string[] {
  const handshakeHash = new Uint8Array(32).fill(session);
  const { aead } = SUITES.find(({ id }) => id === suite)!;
  return (['initiator', 'responder'] as const).map((sender, index) =>
    keyLogLine({
      ...{ handshakeHash, sender, phase: 0, aead },
      destinationId: idOf(datagrams, index === 0 ? '82' : '81'),
      secret: Buffer.from(secrets[index], 'hex'),
    }),
  );
}

/** A packet of the initiator's under SECRET, and the line of the log for it. */
function sealed(aead: Aead, number: number, payload: string): Captured {
  const suite = SUITES.find((candidate) => candidate.aead === aead)!;
  const key = phaseKey(nodePrimitives, SECRET, suite);
  const secrets = { aead, ...key, headerKey: headerKey(nodePrimitives, SECRET, suite) };
  const bytes = Buffer.from(payload, 'hex');
  const { packet } = sealReference(secrets, connectionId(aead), BigInt(number), 0, bytes);
  return { from: 'initiator', bytes: packet.toString('hex') };
}

const lineOf = (aead: Aead): string =>
  keyLogLine({
    ...{ handshakeHash: Buffer.from(aead.padEnd(32)), sender: 'initiator', phase: 0, aead },
    ...{ destinationId: connectionId(aead), secret: SECRET },
  });

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const publicKeyOf = (privateKey: string): string =>
  hex(identityFromPrivateKey(Buffer.from(privateKey, 'hex')).publicKey);

/** Of IK with the first responder, then of XX with the second: who they are, and what each allows the other. */
function expectHandshakes(
  messages: readonly Readonly<Record<string, unknown>>[],
  initiator: string,
  responders: readonly string[],
): void {
  const found = messages.map(handshakeOf);
  expect(found.map(({ type, key }) => [type, key])).toEqual([
    ...[
      [1, initiator],
      [2, undefined],
    ],
    ...[
      [1, undefined],
      [2, responders[1]],
      [3, initiator],
    ],
  ]);
  expect(found.map(({ parameters }) => parameters.get(1)?.value)).toEqual([
    ...[12_345, 30_000],
    ...[undefined, 30_000, 12_345],
  ]);
  for (const { parameters } of found) {
    const ids = [...parameters.keys()];
    if (ids.length > 0) expect(ids).toEqual(PARAMETER_IDS);
    if (ids.length > 0) expect(parameters.get(3)?.value).toBe(65_527);
  }
  const [{ time }, , { time: none }] = found;
  expect(Math.abs(time! / 1000 - Date.now())).toBeLessThan(300_000);
  expect(none).toBe(0);
}

const all = (datagrams: ReturnType<typeof dissect>): ShownPacket[] =>
  datagrams.flatMap(({ packets }) => packets);

// tshark takes seconds to start on a busy machine.
describe.skipIf(!hasTshark)('the dissector', { timeout: 60_000 }, () => {
  it('reads recorded connections of all suites and patterns, over key updates', () => {
    const datagrams = recordings.flatMap(({ recording }, index) =>
      recording.datagrams.map((datagram) => ({ ...datagram, port: 50_000 + index })),
    );
    const keyLog = recordings.flatMap(({ recording }, index) => keyLogOf(recording, index + 1));
    const shown = dissect(datagrams, keyLog);
    const packets = all(shown).map(({ sender: from, number, phase, frames }) => {
      return { from, number, phase, frames };
    });
    const expected = recordings.flatMap(({ recording }) => recording.packets);
    expect(expected.some(({ phase }) => phase > 0)).toBe(true);
    expect(packets).toEqual(
      expected.map(({ from, number, phase, frames }) => {
        return { from, number, phase, frames };
      }),
    );
    expect(all(shown).flatMap(({ notes }) => notes)).toEqual([]);
    const types = shown.map(({ handshake }) => handshake?.['burstwire.handshake.type']);
    expect(types.filter((type) => type !== undefined)).toEqual(
      datagrams.filter(({ bytes }) => bytes.startsWith('8')).map(({ bytes }) => bytes.slice(1, 2)),
    );
  });

  it('shows every frame, and which ones are malformed, with each suite', () => {
    const { payloads, malformed } = JSON.parse(
      readFileSync(new URL('frames.json', VECTORS), 'utf8'),
    ) as Record<'payloads' | 'malformed', { payload: string; frames: ShownFrame[] }[]>;
    const given = [...payloads, ...malformed].filter(({ payload }) => payload !== '');
    const aeads = SUITES.map(({ aead }) => aead);
    const datagrams = aeads.flatMap((aead) =>
      given.map(({ payload }, number) => sealed(aead, number, payload)),
    );
    const packets = all(dissect(datagrams, aeads.map(lineOf)));
    expect(packets.map(({ number }) => number)).toEqual(
      aeads.flatMap(() => given.map((_, number) => number)),
    );
    for (const packet of packets) {
      const isGood = packet.number! < payloads.length;
      if (isGood) expect(packet.frames).toEqual(payloads[packet.number!].frames);
      expect(packet.notes).toHaveLength(isGood ? 0 : 1);
    }
  });

  it('takes trains apart, as GSO and GRO show them', () => {
    const ping = (number: number) => sealed('aes-128-gcm', number, `01${'00'.repeat(50)}`);
    const last = sealed('aes-128-gcm', 3, '01');
    const bytes = [ping(0), ping(1), ping(2), last].map((packet) => packet.bytes).join('');
    const packets = all(dissect([{ from: 'initiator', bytes }], [lineOf('aes-128-gcm')]));
    expect(packets.map(({ number, notes }) => [number, notes])).toEqual(
      [0, 1, 2, 3].map((number) => [number, []]),
    );
    expect(packets[3].frames).toEqual([{ type: 1 }]);
  });

  it('shows nothing of a packet that was changed, nor of one without a key', () => {
    const good = sealed('aes-128-gcm', 0, '01');
    const changed = Buffer.from(sealed('aes-128-gcm', 1, '01').bytes, 'hex');
    changed[changed.length - 1] ^= 1;
    const stranger = Buffer.from(good.bytes, 'hex').fill(9, 1, 9);
    const packets = all(
      dissect(
        [good, ...[changed, stranger].map((data) => ({ ...good, bytes: data.toString('hex') }))],
        [lineOf('aes-128-gcm')],
      ),
    );
    expect(packets.map(({ frames }) => frames.length)).toEqual([1, 0, 0]);
    expect(packets.map(({ notes }) => notes.join())).toEqual([
      '',
      'Not decrypted: the tag fits no key of the log',
      'Not decrypted: no key for this connection id',
    ]);
  });

  it('knows a stateless reset by the token that a peer has told', () => {
    const token = 'ab'.repeat(16);
    const told = sealed('aes-128-gcm', 0, `180100085a5a5a5a5a5a5a5a${token}`);
    const reset: Captured = { from: 'responder', bytes: `47${'33'.repeat(20)}${token}` };
    const [first, second] = dissect([told, reset], [lineOf('aes-128-gcm')]);
    expect(first.packets[0].frames).toHaveLength(1);
    expect(second.packets.map(({ reset }) => reset)).toEqual([
      Buffer.from('aes-128-').toString('hex'),
    ]);
  });

  it('reads a real connection with the key log of its endpoint', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const keyLog: string[] = [];
    const identity = generateIdentity();
    const own = { identity, idleTimeout: 12_345, keyLog: (line: string) => keyLog.push(line) };
    const { datagrams, sent, staticKey } = await talk('aes-128-gcm', true, own);
    const stranger = await talk('chacha20-poly1305', false, own);
    warn.mockRestore();
    const fromStranger = stranger.datagrams
      .filter(({ bytes }) => bytes.startsWith('8'))
      .map((datagram) => ({ ...datagram, port: 50_000 }));
    const shown = dissect([...datagrams, ...fromStranger], keyLog);
    expectHandshakes(
      shown.map(({ handshake }) => handshake).filter((message) => message !== undefined),
      hex(identity.publicKey),
      [staticKey, stranger.staticKey].map(publicKeyOf),
    );
    const packets = all(shown);
    expect(packets.flatMap(({ notes }) => notes)).toEqual([]);
    for (const side of ['initiator', 'responder'] as const) {
      const shown = packets
        .filter(({ sender }) => sender === side)
        .map(({ number, frames }) => ({ number: number!, frames: frames.map(qlogOf) }))
        .sort((left, right) => left.number - right.number);
      expect(shown).toEqual(sent[side]);
    }
    const bytes = Buffer.alloc(upload.length);
    for (const { sender, frames } of packets) {
      for (const { type, numbers = [], data = '' } of frames) {
        const isUpload = sender === 'initiator' && type === 8 && numbers[0] === 0;
        if (isUpload) bytes.set(Buffer.from(data, 'hex'), numbers[1]);
      }
    }
    expect(bytes.equals(upload)).toBe(true);
  });
});
