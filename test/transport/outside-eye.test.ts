/**
 * Two real endpoints talk through a relay; a decoder in another language, written from the documents, reads what passed:
 * every handshake message, packet and frame is what the endpoints' qlog says they sent.
 *
 * The decoder is given the responder's two private keys and nothing else. Needs python3; skipped with a printed reason
 * where there is none.
 */

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { KeyPair } from '../../lib/core/ports.js';
import { type EndpointOptions, generateIdentity } from '../../lib/index.js';
import { until } from '../conformance/support/waiting.js';
import {
  hasPython,
  qlogOf,
  runPython,
  type Shown,
  type ShownFrame,
} from '../support/second-decoder.js';
import { collect, seeded } from './support/bytes.js';
import { ignore, open } from './support/pair.js';
import { openRelay, type Recorded } from './support/recording-relay.js';
import { engines } from './support/variants.js';

/** Every key pair that an endpoint of this file has made: its private key is wiped soon, so this is a copy. */
const made = vi.hoisted(() => [] as KeyPair[]);

vi.mock('../../lib/crypto/choose-primitives.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../lib/crypto/choose-primitives.js')>();
  const openPrimitives: typeof original.openPrimitives = (env) => {
    const opened = original.openPrimitives(env);
    const generateKeyPair = (): KeyPair => {
      const pair = opened.primitives.generateKeyPair();
      made.push({ publicKey: pair.publicKey.slice(), privateKey: pair.privateKey.slice() });
      return pair;
    };
    return { ...opened, primitives: { ...opened.primitives, generateKeyPair } };
  };
  return { ...original, openPrimitives };
});

type Aead = NonNullable<EndpointOptions['aead']>;

interface SentPacket {
  readonly number: number;
  readonly frames: readonly Shown[];
}

interface Talk {
  readonly datagrams: readonly Recorded[];
  readonly staticKey: string;
  /** What each side's qlog says that it sent. */
  readonly sent: Readonly<Record<'initiator' | 'responder', readonly SentPacket[]>>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const upload = seeded(30_000);
const REASON = 'that is all \u20ac';

/** The packets of a log, without what a name adds to a number. */
function packetsSent(text: string): SentPacket[] {
  const records = text.split('\u001e').filter((record) => record !== '');
  return records
    .map((record) => JSON.parse(record) as { name?: string; data: Shown })
    .filter(({ name }) => name === 'transport:packet_sent')
    .map(({ data }) => ({
      number: (data.header as { packet_number: number }).packet_number,
      frames: (data.frames as Shown[]).map(({ error_code, ...frame }) =>
        frame.frame_type === 'connection_close'
          ? frame
          : { ...frame, ...(error_code === undefined ? {} : { error_code }) },
      ),
    }));
}

/** Streams both ways, a message, datagrams, a reset, a stop and a close with a reason, all through a relay. */
async function talk(aead: Aead, isKnown: boolean): Promise<Talk> {
  const qlog = await mkdtemp(join(tmpdir(), 'burstwire-outside-'));
  onTestFinished(() => rm(qlog, { recursive: true }));
  const identity = generateIdentity();
  const options = { qlog, aead, maxDatagramSize: 1400 };
  const server = await open(engines[0], { ...options, identity });
  const client = await open(engines[0], options);
  const relay = await openRelay(server.address.port);
  const accepted = once(server, 'connection');
  const key = isKnown ? { publicKey: server.publicKey } : { trust: 'any' as const };
  const here = await client.connect({ address: '127.0.0.1', port: relay.port, ...key });
  const [there] = await accepted;
  there.on('stream', (stream: NodeJS.ReadWriteStream) =>
    stream.on('error', ignore).pipe(stream).on('error', ignore),
  );
  const stream = here.openStream();
  stream.end(upload);
  expect(await collect(stream)).toEqual(upload);
  await here.sendMessage(Buffer.from('a message'));
  await there.sendMessage(Buffer.alloc(3000, 7));
  for (let length = 0; length < 5; length++) here.sendDatagram(Buffer.alloc(length * 200, 9));
  const broken = here.openStream();
  broken.on('error', ignore);
  broken.write('x');
  await once(broken, 'data');
  broken.destroy();
  await until(
    () => there.stats().datagramsReceived === 5,
    () => 'the datagrams',
  );
  await here.close({ code: 77, reason: REASON });
  await there.closed;
  await client.close();
  await server.close();
  const names = await readdir(qlog);
  const read = async (side: string): Promise<SentPacket[]> =>
    packetsSent(await readFile(join(qlog, names.find((name) => name.includes(side))!), 'utf8'));
  return {
    datagrams: relay.datagrams,
    staticKey: hex(identity.privateKey),
    sent: { initiator: await read('client'), responder: await read('server') },
  };
}

/** The private key whose public key begins the response's Noise message. */
function ephemeralOf(datagrams: readonly Recorded[]): string {
  const response = datagrams.find(({ bytes }) => bytes.startsWith('82'))!.bytes;
  const pair = made.find(({ publicKey }) => hex(publicKey) === response.slice(42, 106))!;
  return hex(pair.privateKey);
}

const cases: readonly (readonly [Aead, number, boolean])[] = [
  ['aes-128-gcm', 1, true],
  ['aes-256-gcm', 2, false],
  ['chacha20-poly1305', 3, true],
];

describe.skipIf(!hasPython)('the second decoder reads a real connection', () => {
  it.each(cases)('%s, suite %i, key known: %s', async (aead, suite, isKnown) => {
    const { datagrams, staticKey, sent } = await talk(aead, isKnown);
    const keys = { static: staticKey, ephemeral: ephemeralOf(datagrams) };
    const { status, lines } = runPython('decode.py', { suite, keys, datagrams, frames: true });
    expect(lines.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(status).toBe(0);
    const handshake = ['initiation', 'response', ...(isKnown ? [] : ['final'])];
    const messages = lines.map(({ type }) => type).filter((type) => type !== 'packet');
    expect(new Set(messages)).toEqual(new Set(handshake));
    for (const side of ['initiator', 'responder'] as const) {
      const packets = lines
        .filter(({ from, type }) => from === side && type === 'packet')
        .map(({ number, frames }) => ({
          number: number as number,
          frames: (frames as ShownFrame[]).map(qlogOf),
        }))
        .sort((left, right) => left.number - right.number);
      expect(packets.length).toBeGreaterThan(20);
      expect(packets).toEqual(sent[side]);
    }
    const bytes = Buffer.alloc(upload.length);
    for (const { from, frames } of lines) {
      for (const { type, numbers = [], data = '' } of (frames ?? []) as ShownFrame[]) {
        if (from === 'initiator' && type === 8 && numbers[0] === 0)
          bytes.set(Buffer.from(data, 'hex'), numbers[1]);
      }
    }
    expect(bytes.equals(upload)).toBe(true);
  });
});
