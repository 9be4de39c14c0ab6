/**
 * A conversation of two real endpoints in which most kinds of frames pass, recorded by a relay, beside what their qlog says.
 *
 * It judges nothing. Used by tests of those who read the recording: the second decoder, the Wireshark dissector.
 */

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type EndpointOptions, generateIdentity } from '../../../lib/index.js';
import { until } from '../../conformance/support/waiting.js';
import type { Shown } from '../../support/second-decoder.js';
import { collect, seeded } from './bytes.js';
import { ignore, open } from './pair.js';
import { openRelay, type Recorded } from './recording-relay.js';
import { engines } from './variants.js';

export type Aead = NonNullable<EndpointOptions['aead']>;

export interface SentPacket {
  readonly number: number;
  readonly frames: readonly Shown[];
}

export interface Talk {
  readonly datagrams: readonly Recorded[];
  readonly staticKey: string;
  /** What each side's qlog says that it sent. */
  readonly sent: Readonly<Record<'initiator' | 'responder', readonly SentPacket[]>>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** What the client sends on stream 0. */
export const upload = seeded(30_000);
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

/**
 * Streams both ways, a message, datagrams, a reset, a stop and a close with a reason, all through a relay.
 *
 * @param more options of the client
 */
export async function talk(
  aead: Aead,
  isKnown: boolean,
  more: EndpointOptions = {},
): Promise<Talk> {
  const qlog = await mkdtemp(join(tmpdir(), 'burstwire-outside-'));
  onTestFinished(() => rm(qlog, { recursive: true }));
  const identity = generateIdentity();
  const options = { qlog, aead, maxDatagramSize: 1400 };
  const server = await open(engines[0], { ...options, identity });
  const client = await open(engines[0], { ...options, ...more });
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
