/** qlog: what a file says, and what a slow or a failing disk does. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Endpoint } from '../../../lib/api/endpoint.js';
import { ConnectionLog } from '../../../lib/api/qlog.js';
import { PENDING_MAX, QlogFolder } from '../../../lib/api/qlog-folder.js';
import { describeFrames } from '../../../lib/api/qlog-frames.js';
import { FrameReader } from '../../../lib/core/wire/frame-reader.js';
import * as types from '../../../lib/core/wire/frame-types.js';
import * as writer from '../../../lib/core/wire/frame-writer.js';
import { closeInfo, FakeConnection, settled } from './fake-core.js';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'burstwire-qlog-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface QlogRecord {
  readonly time?: number;
  readonly name?: string;
  readonly data?: { readonly [name: string]: unknown };
  readonly [other: string]: unknown;
}

/** The records of a JSON text sequence (RFC 7464). */
function parse(text: string): QlogRecord[] {
  expect(text.startsWith('\u001e')).toBe(true);
  const texts = text.split('\u001e').slice(1);
  for (const record of texts) expect(record.endsWith('\n')).toBe(true);
  return texts.map((record) => JSON.parse(record) as QlogRecord);
}

const SUBJECT = {
  local: { address: '192.0.2.1', port: 1, family: 'IPv4' },
  remote: { address: '192.0.2.2', port: 2, family: 'IPv4' },
  epochUs: 1_700_000_000_000_000,
} as const;

const METRICS = {
  congestionWindow: 14_520.4,
  bytesInFlight: 1452,
  slowStartThreshold: Number.POSITIVE_INFINITY,
  smoothedRttUs: 1234.5678,
  minRttUs: 1000,
  latestRttUs: 2000,
  rttVarianceUs: 500,
  ptoCount: 1,
};

function makeLog(append?: (path: string, text: string) => Promise<void>) {
  const core = new FakeConnection();
  const target = new QlogFolder(folder, append);
  return { core, target, log: new ConnectionLog(core.core, SUBJECT, target) };
}

describe('a file', () => {
  it('is a JSON text sequence that says whose it is', async () => {
    const { log, target } = makeLog();
    log.metrics(5_000_000, METRICS);
    await target.close();
    const name = '0202020202020202-client.sqlog';
    expect(await readdir(folder)).toEqual([name]);
    const [header, started, state] = parse(await readFile(join(folder, name), 'utf8'));
    expect(header).toMatchObject({
      qlog_version: '0.3',
      qlog_format: 'JSON-SEQ',
      trace: {
        vantage_point: { type: 'client' },
        common_fields: {
          group_id: '0202020202020202',
          time_format: 'relative',
          reference_time: 1_700_000_005_000,
        },
      },
    });
    expect(started).toMatchObject({ time: 0, name: 'connectivity:connection_started' });
    expect(state).toMatchObject({ data: { new: 'handshake_complete' } });
  });

  it('has events in milliseconds since the first, and no infinity', async () => {
    const texts: string[] = [];
    const { core, log, target } = makeLog(async (_path, text) => void texts.push(text));
    const ping = Uint8Array.of(types.FRAME_PING);
    log.packetSent(1000, 3, 30, ping, 0, 1);
    log.packetReceived(3500, 4, 30, ping, 0, 1);
    log.packetLost(4000, 3, 30, 'time');
    log.metrics(4000, METRICS);
    core.closed = closeInfo({ origin: 'idle', isApplication: false, name: 'NO_ERROR' });
    log.state(5000.4, 'closed');
    await target.close();
    const events = parse(texts.join('')).slice(3);
    const header = { packet_type: '1RTT', packet_number: 3 };
    expect(events).toEqual([
      {
        time: 0,
        name: 'transport:packet_sent',
        data: {
          header,
          raw: { length: 30, payload_length: 1 },
          frames: [{ frame_type: 'ping' }],
        },
      },
      expect.objectContaining({ time: 2.5, name: 'transport:packet_received' }),
      {
        time: 3,
        name: 'recovery:packet_lost',
        data: { header, raw: { length: 30 }, trigger: 'time_threshold' },
      },
      {
        time: 3,
        name: 'recovery:metrics_updated',
        data: {
          min_rtt: 1,
          smoothed_rtt: 1.235,
          latest_rtt: 2,
          rtt_variance: 0.5,
          pto_count: 1,
          congestion_window: 14_520,
          bytes_in_flight: 1452,
        },
      },
      {
        time: 4,
        name: 'connectivity:connection_state_updated',
        data: { old: 'handshake_complete', new: 'closed' },
      },
      expect.objectContaining({
        name: 'connectivity:connection_closed',
        data: expect.objectContaining({ owner: 'local', trigger: 'idle_timeout' }),
      }),
    ]);
  });
});

describe('frames', () => {
  const bytes = new Uint8Array(512);
  const reader = new FrameReader();

  function described(end: number) {
    return describeFrames(reader, bytes, 0, end);
  }

  it('are described with the names of the draft', () => {
    let at = writer.writeAck(bytes, 0, Float64Array.of(7, 9, 1, 3), 2, 125, true, 5, 0, 1);
    at = writer.writeResetStream(bytes, at, 4, 7, 100);
    at = writer.writeStopSending(bytes, at, 4, 8);
    at = writer.writeVarintFrame(bytes, at, types.FRAME_MAX_DATA, 1000);
    at = writer.writeTwoVarintFrame(bytes, at, types.FRAME_MAX_STREAM_DATA, 4, 2000);
    at = writer.writeVarintFrame(bytes, at, types.FRAME_MAX_STREAMS_UNI, 3);
    at = writer.writeVarintFrame(bytes, at, types.FRAME_STREAMS_BLOCKED_BIDI, 2);
    at = writer.writeStreamHeader(bytes, at, 8, 10, 5, false) + 5;
    at = writer.writeDatagramHeader(bytes, at, 6) + 6;
    at = writer.writeStreamHeader(bytes, at, 12, 0, -1, true) + 4;
    expect(described(at)).toEqual([
      {
        frame_type: 'ack',
        ack_delay: 1,
        acked_ranges: [
          [1, 3],
          [7, 9],
        ],
        ect0: 5,
        ect1: 0,
        ce: 1,
      },
      { frame_type: 'reset_stream', stream_id: 4, error_code: 7, final_size: 100 },
      { frame_type: 'stop_sending', stream_id: 4, error_code: 8 },
      { frame_type: 'max_data', maximum: 1000 },
      { frame_type: 'max_stream_data', stream_id: 4, maximum: 2000 },
      { frame_type: 'max_streams', stream_type: 'unidirectional', maximum: 3 },
      { frame_type: 'streams_blocked', stream_type: 'bidirectional', limit: 2 },
      { frame_type: 'stream', stream_id: 8, offset: 10, length: 5 },
      { frame_type: 'datagram', length: 6 },
      { frame_type: 'stream', stream_id: 12, offset: 0, length: 4, fin: true },
    ]);
  });

  it('say how long padding is, and why a connection was closed', () => {
    const reason = Buffer.from('why');
    bytes.fill(0, 0, 20);
    const at = writer.writeClose(bytes, 20, types.FRAME_CONNECTION_CLOSE, 3, 8, reason);
    expect(described(at)).toEqual([
      { frame_type: 'padding', length: 20, payload_length: 20 },
      {
        frame_type: 'connection_close',
        error_space: 'transport',
        error_code: 'flow_control_error',
        raw_error_code: 3,
        reason: 'why',
        trigger_frame_type: 8,
      },
    ]);
  });

  it('keep secrets: no reset token, no path data', () => {
    const id = new Uint8Array(8).fill(1);
    const token = new Uint8Array(16).fill(0xab);
    let at = writer.writeNewConnectionId(bytes, 0, 1, 0, id, token);
    at = writer.writePath(bytes, at, types.FRAME_PATH_CHALLENGE, new Uint8Array(8).fill(0xab));
    const frames = described(at);
    expect(frames).toMatchObject([
      { frame_type: 'new_connection_id', connection_id: '0101010101010101' },
      { frame_type: 'path_challenge' },
    ]);
    expect(JSON.stringify(frames)).not.toContain('abab');
  });

  it('end with what is no frame', () => {
    bytes.set([types.FRAME_PING, 0x3f, types.FRAME_PING]);
    expect(described(3)).toEqual([
      { frame_type: 'ping' },
      { frame_type: 'unknown', raw_frame_type: 0x3f },
    ]);
  });
});

describe('the disk', () => {
  it('that is slow costs events, not memory, and the file says so', async () => {
    const texts: string[] = [];
    let isSlow = true;
    const waiting: (() => void)[] = [];
    const { log, target } = makeLog((_path, text) => {
      texts.push(text);
      return isSlow ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve();
    });
    const big = 1 << 20;
    const events = PENDING_MAX / big + 4;
    for (let event = 0; event < events; event++)
      log.metrics(event, { ...METRICS, ptoCount: event });
    for (let event = 0; event < events; event++) log.state(event, 's'.repeat(big / 2));
    isSlow = false;
    while (waiting.length > 0) {
      waiting.shift()!();
      await settled();
    }
    await target.close();
    log.packetLost(events, 1, 30, 'pto');
    log.packetLost(events, 2, 30, 'pto');
    await target.close();
    const records = parse(texts.join(''));
    const kept = records.filter(({ data }) => data?.old !== undefined).length;
    expect(kept).toBeLessThan(PENDING_MAX / big + 1);
    expect(records.filter(({ name }) => name === 'generic:warning')).toHaveLength(1);
    expect(records.at(-3)).toMatchObject({
      name: 'generic:warning',
      data: { message: expect.stringContaining(`${events - kept} events before`) },
    });
    expect(records.at(-2)).toMatchObject({ name: 'recovery:packet_lost' });
  });

  it('that fails stops the log, with one warning', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const append = vi.fn(async () => {
      throw new Error('ENOSPC: no space left on device');
    });
    const { log, target } = makeLog(append);
    log.state(0, 'a');
    await target.close();
    log.state(1, 'b');
    await target.close();
    expect(append).toHaveBeenCalledTimes(1);
    expect(emitWarning).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining('ENOSPC'),
      expect.objectContaining({ code: 'BURSTWIRE_QLOG_FAILED' }),
    );
    emitWarning.mockRestore();
  });

  it('hurts no connection, whatever it does', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const notAFolder = join(folder, 'file');
    await writeFile(notAFolder, '');
    const qlog = join(notAFolder, 'logs');
    const server = await Endpoint.bind({ address: '127.0.0.1', qlog });
    server.on('connection', () => {});
    const client = await Endpoint.bind({ address: '127.0.0.1', qlog });
    const { publicKey } = server;
    const connection = await client.connect({ ...server.address, publicKey });
    await connection.sendMessage(Buffer.from('abc'));
    await client.close();
    await server.close();
    expect(emitWarning).toHaveBeenCalled();
    emitWarning.mockRestore();
  });
});

describe('an endpoint', () => {
  it('writes one file for each side of a connection, with one name', async () => {
    const server = await Endpoint.bind({ address: '127.0.0.1', qlog: folder });
    server.on('connection', () => {});
    const client = await Endpoint.bind({ address: '127.0.0.1', qlog: folder });
    const { publicKey } = server;
    const connection = await client.connect({ ...server.address, publicKey });
    await connection.sendMessage(Buffer.from('abc'));
    await client.close();
    await server.close();
    const names = await readdir(folder);
    const group = Buffer.from(connection.handshakeHash).toString('hex', 0, 8);
    expect(names.sort()).toEqual([`${group}-client.sqlog`, `${group}-server.sqlog`]);
    for (const name of names) {
      const text = await readFile(join(folder, name), 'utf8');
      const records = parse(text);
      const seen = new Set(records.map((record) => record.name));
      expect(seen).toContain('transport:packet_sent');
      expect(seen).toContain('transport:packet_received');
      expect(seen).toContain('recovery:metrics_updated');
      expect(records.at(-1)?.time).toBeGreaterThan(0);
      expect(text).not.toContain('unknown');
    }
  });
});
