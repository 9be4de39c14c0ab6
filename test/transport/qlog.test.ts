/**
 * The log of a connection that has carried known traffic: what qvis needs is there, and what nobody shall see is not.
 */

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../conformance/support/waiting.js';
import { collect, seeded } from './support/bytes.js';
import { ignore, pair } from './support/pair.js';
import { engines, type Variant } from './support/variants.js';

type Fields = Readonly<Record<string, unknown>>;

interface QlogEvent {
  readonly time: number;
  readonly name: string;
  readonly data: Fields;
}

interface Log {
  readonly text: string;
  readonly header: Fields & { readonly trace: Fields };
  readonly events: readonly QlogEvent[];
}

const REASON = 'done "quoted" \\ \u0000 \u001e \n \u20ac \u{1f600}';
const SECRET = 'what nobody shall read in a log';

/** Names of frames in the schema of QUIC (draft 0.3). */
const FRAMES = new Set([
  'padding',
  'ping',
  'ack',
  'reset_stream',
  'stop_sending',
  'stream',
  'max_data',
  'max_stream_data',
  'max_streams',
  'data_blocked',
  'stream_data_blocked',
  'streams_blocked',
  'new_connection_id',
  'retire_connection_id',
  'path_challenge',
  'path_response',
  'connection_close',
  'datagram',
]);

/** RFC 7464: a record separator, a JSON text, a line feed; and again. */
function parse(text: string): Log {
  const records = text.split('\u001e');
  expect(records.shift()).toBe('');
  const [header, ...events] = records.map((record) => {
    expect(record.endsWith('\n')).toBe(true);
    return JSON.parse(record);
  });
  return { text, header, events };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'burstwire-qlog-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Both logs of a connection that carried streams, messages, datagrams, a reset, and ended with a reason. */
async function logsOf(variant: Variant): Promise<{ client: Log; server: Log }> {
  const qlog = join(await temporaryFolder(), 'made', 'for', 'it');
  const { client, server, here, there } = await pair(variant, {
    server: { qlog },
    client: { qlog },
  });
  there.on('stream', (stream) => stream.on('error', ignore).pipe(stream).on('error', ignore));
  const stream = here.openStream();
  stream.end(Buffer.concat([Buffer.from(SECRET), seeded(300_000)]));
  await collect(stream);
  await here.sendMessage(Buffer.from(SECRET));
  here.sendDatagram(Buffer.from(SECRET));
  const broken = here.openStream();
  broken.on('error', ignore);
  const answered = once(broken, 'data');
  broken.write('x');
  await answered;
  broken.destroy();
  await until(
    () => there.stats().datagramsReceived === 1,
    () => 'the datagram',
  );
  await here.close({ code: 5, reason: REASON });
  await there.closed;
  await client.close();
  await server.close();
  const names = (await readdir(qlog)).sort();
  expect(names).toHaveLength(2);
  const [first, second] = await Promise.all(
    names.map(async (name) => parse(await readFile(join(qlog, name), 'utf8'))),
  );
  return { client: first!, server: second! };
}

function named(log: Log, name: string): QlogEvent[] {
  return log.events.filter((event) => event.name === name);
}

function framesOf(events: readonly QlogEvent[]): Fields[] {
  return events.flatMap(({ data }) => data.frames as Fields[]);
}

function numberOf({ data }: QlogEvent): number {
  return (data.header as { readonly packet_number: number }).packet_number;
}

describe.each(engines)('qlog: $name', (variant) => {
  it('has the header that qvis asks for, on both sides of one connection', async () => {
    const { client, server } = await logsOf(variant);
    for (const [side, { header }] of Object.entries({ client, server })) {
      expect(header).toMatchObject({ qlog_format: 'JSON-SEQ', qlog_version: '0.3' });
      expect(header.trace).toMatchObject({
        vantage_point: { type: side },
        common_fields: { time_format: 'relative', reference_time: expect.any(Number) },
      });
    }
    const groups = [client, server].map(
      ({ header }) => (header.trace.common_fields as Fields).group_id,
    );
    expect(groups[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(groups[0]).toBe(groups[1]);
  });

  it('has events in order, each complete', async () => {
    for (const log of Object.values(await logsOf(variant))) {
      let last = 0;
      for (const { time, name, data } of log.events) {
        expect(time).toBeGreaterThanOrEqual(last);
        last = time;
        expect(name).toMatch(/^[a-z]+:[a-z_]+$/);
        expect(typeof data).toBe('object');
      }
      for (const event of [
        ...named(log, 'transport:packet_sent'),
        ...named(log, 'transport:packet_received'),
      ]) {
        expect(event.data.header).toMatchObject({ packet_type: '1RTT' });
        expect((event.data.raw as { length: number }).length).toBeGreaterThan(20);
        expect(event.data.frames).not.toHaveLength(0);
      }
      for (const frame of framesOf(named(log, 'transport:packet_sent'))) {
        expect(FRAMES).toContain(frame.frame_type);
      }
      const numbers = named(log, 'transport:packet_sent').map(numberOf);
      expect(numbers).toEqual([...numbers].sort((left, right) => left - right));
    }
  });

  it('tells of all that was sent, what was acknowledged, and how it ended', async () => {
    const { client, server } = await logsOf(variant);
    const sent = named(client, 'transport:packet_sent');
    const kinds = new Set(framesOf(sent).map(({ frame_type }) => frame_type));
    for (const kind of ['stream', 'ack', 'datagram', 'reset_stream', 'connection_close']) {
      expect(kinds).toContain(kind);
    }
    const received = new Set(named(server, 'transport:packet_received').map(numberOf));
    const numbers = new Set(sent.map(numberOf));
    for (const number of received) expect(numbers).toContain(number);
    for (const { acked_ranges } of framesOf(named(client, 'transport:packet_received'))) {
      for (const [from, to] of (acked_ranges ?? []) as [number, number][]) {
        expect(from).toBeLessThanOrEqual(to);
        expect(numbers).toContain(to);
      }
    }
    const first = framesOf(sent).filter(
      ({ frame_type, stream_id }) => frame_type === 'stream' && stream_id === 0,
    ) as { offset: number; length: number }[];
    const end = Math.max(...first.map(({ offset, length }) => offset + length));
    expect(end).toBe(SECRET.length + 300_000);
    expect(framesOf(sent)).toContainEqual(
      expect.objectContaining({
        frame_type: 'connection_close',
        error_space: 'application',
        raw_error_code: 5,
        reason: REASON,
      }),
    );
    expect(named(server, 'connectivity:connection_closed')).toMatchObject([
      { data: { owner: 'remote', application_code: 5, reason: REASON, trigger: 'application' } },
    ]);
    expect(named(client, 'connectivity:connection_state_updated').length).toBeGreaterThan(1);
  });

  it('repeats no metric that has not changed', async () => {
    const { client } = await logsOf(variant);
    const updates = named(client, 'recovery:metrics_updated');
    expect(updates.length).toBeGreaterThan(1);
    expect(updates[0]!.data).toMatchObject({
      smoothed_rtt: expect.any(Number),
      congestion_window: expect.any(Number),
      bytes_in_flight: expect.any(Number),
    });
    const current: Record<string, unknown> = {};
    for (const { data } of updates) {
      expect(Object.keys(data)).not.toHaveLength(0);
      for (const [name, value] of Object.entries(data)) {
        expect([name, value]).not.toEqual([name, current[name]]);
        current[name] = value;
      }
    }
  });

  it('holds no byte of the application', async () => {
    for (const { text } of Object.values(await logsOf(variant))) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(Buffer.from(SECRET).toString('hex').slice(0, 20));
      expect(text).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 20));
    }
  });
});
