/**
 * A Streams without a connection: a space to write packets into, a way to read them, and two of them joined by a loop
 * that a test may let lose, repeat and reorder what goes through.
 */

import { DEFAULT_CONFIG, type TransportConfig } from '../../../../lib/core/config.js';
import { NO_ERROR } from '../../../../lib/core/error-codes.js';
import { EventRing } from '../../../../lib/core/event-ring.js';
import type { Memory } from '../../../../lib/core/ports.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { type PeerLimits, Streams } from '../../../../lib/core/streams/streams.js';
import { FrameReader } from '../../../../lib/core/wire/frame-reader.js';
import type { FrameSpace } from '../../../../lib/core/wire/frame-space.js';
import * as types from '../../../../lib/core/wire/frame-types.js';

export interface Recorded {
  readonly kind: number;
  readonly id: number;
  readonly offset: number;
  readonly length: number;
}

/** A packet as it is built: gathered bytes are copied at once. */
export class Space implements FrameSpace {
  readonly bytes: Uint8Array;
  at = 0;
  readonly end: number;
  readonly frames: Recorded[] = [];
  gathers = 0;

  constructor(byteLength: number) {
    this.bytes = new Uint8Array(byteLength);
    this.end = byteLength;
  }

  record(kind: number, id: number, offset: number, length: number): void {
    this.frames.push({ kind, id, offset, length });
  }

  gather(source: Uint8Array, sourceOffset: number, byteLength: number): void {
    if (this.gathers++ > 0) throw new Error('a second gather in one packet');
    this.bytes.set(source.subarray(sourceOffset, sourceOffset + byteLength), this.at);
    this.at += byteLength;
  }
}

/** Memory that is not zeroed, as the real one, and counts what it gave. */
export function testMemory(): Memory & { allocated: number; arrays: number } {
  return {
    allocated: 0,
    arrays: 0,
    allocate(byteLength) {
      this.allocated += byteLength;
      this.arrays++;
      return new Uint8Array(byteLength).fill(0xee);
    },
    gather(target, source, pieces, count) {
      let at = 0;
      for (let index = 0; index < count; index++) {
        const from = pieces[2 * index];
        target.set(source.subarray(from, from + pieces[2 * index + 1]), at);
        at += pieces[2 * index + 1];
      }
      if (at !== target.byteLength) throw new Error('pieces do not fill the target');
    },
  };
}

export interface Told {
  readonly kind: number;
  readonly subject: unknown;
  readonly value: number;
}

const GENEROUS = 2 ** 40;

export const GENEROUS_LIMITS: PeerLimits = {
  maxData: GENEROUS,
  maxStreamDataBidiLocal: GENEROUS,
  maxStreamDataBidiRemote: GENEROUS,
  maxStreamDataUni: GENEROUS,
  maxStreamsBidi: GENEROUS,
  maxStreamsUni: GENEROUS,
  maxMessageSize: GENEROUS,
};

/** What a peer with that configuration allows. */
export function limitsOf(config: TransportConfig): PeerLimits {
  return {
    maxData: config.initialConnectionData,
    maxStreamDataBidiLocal: config.initialStreamData,
    maxStreamDataBidiRemote: config.initialStreamData,
    maxStreamDataUni: config.initialStreamData,
    maxStreamsBidi: config.maxStreams,
    maxStreamsUni: config.maxStreams,
    maxMessageSize: config.maxMessageSize,
  };
}

export interface SideOptions {
  readonly isInitiator?: boolean;
  readonly config?: Partial<TransportConfig>;
  readonly limits?: Partial<PeerLimits>;
}

/** One end, with its events and its clock. */
export class Side {
  readonly config: TransportConfig;
  readonly events = new EventRing();
  readonly memory = testMemory();
  readonly streams: Streams;
  readonly #reader = new FrameReader();
  nowUs = 0;
  /** All packets that were written. */
  readonly sent: Space[] = [];
  /** A place for the stream that a test reads. */
  streamOfPeer: Stream | undefined = undefined;

  constructor({ isInitiator = true, config = {}, limits = {} }: SideOptions = {}) {
    this.config = { ...DEFAULT_CONFIG, ...config };
    const { events, memory } = this;
    const onSendable = (): void => {};
    this.streams = new Streams({
      isInitiator,
      config: this.config,
      memory,
      events,
      owner: 'the connection',
      onSendable,
    });
    this.streams.setPeerLimits({ ...GENEROUS_LIMITS, ...limits });
  }

  /** The events since last time. */
  told(): Told[] {
    const told: Told[] = [];
    while (this.events.take()) {
      const { kind, subject, value } = this.events;
      told.push({ kind, subject, value });
    }
    return told;
  }

  /** The streams of events of that kind. */
  toldOf(kind: number): Stream[] {
    return this.told()
      .filter((event) => event.kind === kind)
      .map(({ subject }) => subject as Stream);
  }

  /** One packet of what waits; undefined when there was nothing. */
  write(byteLength = 1200): Space | undefined {
    const space = new Space(byteLength);
    if (this.streams.hasControl) this.streams.writeControl(space);
    if (this.streams.hasData) this.streams.writeStreams(space);
    if (space.at === 0) return undefined;
    this.sent.push(space);
    return space;
  }

  /** All packets of what waits. */
  writeAll(byteLength = 1200): Space[] {
    const spaces: Space[] = [];
    for (let empty = 0; this.streams.hasControl || this.streams.hasData; ) {
      const space = this.write(byteLength);
      if (space !== undefined) spaces.push(space);
      // A packet may turn out to be empty, when a chunk is gone; something else is said instead then.
      else if (++empty > 1000) throw new Error('nothing is written, though something waits');
    }
    return spaces;
  }

  /** Whether a close in good order that comes now would have nothing to wait for. */
  get isDrained(): boolean {
    this.streams.awaitWritten();
    return this.streams.isDrained;
  }

  ack(space: Space): void {
    for (const { kind, id, offset, length } of space.frames) {
      this.streams.onFrameAcked(kind, id, offset, length);
    }
  }

  lose(space: Space): void {
    for (const { kind, id, offset, length } of space.frames) {
      this.streams.onFrameLost(kind, id, offset, length);
    }
  }

  /** One frame of STREAM, alone in its slab, not settled. */
  data(id: number, offset: number, bytes: ArrayLike<number>, fin = false): number {
    const slab = Uint8Array.from(bytes);
    return this.streams.onStream(id, offset, slab, 0, slab.byteLength, fin);
  }

  /** The same as a batch of its own. */
  batch(id: number, offset: number, bytes: ArrayLike<number>, fin = false): number {
    const slab = Uint8Array.from(bytes);
    const error = this.streams.onStream(id, offset, slab, 0, slab.byteLength, fin);
    this.settle(slab);
    return error;
  }

  settle(slab: Uint8Array = new Uint8Array(0), minRttUs = 1000): void {
    this.streams.settle(slab, this.nowUs, minRttUs);
  }

  /** A batch of packets: all frames of each. The first error code, or 0. */
  receive(...spaces: readonly Space[]): number {
    const slab = new Uint8Array(spaces.reduce((sum, { at }) => sum + at, 0));
    let error = NO_ERROR;
    let from = 0;
    for (const space of spaces) {
      slab.set(space.bytes.subarray(0, space.at), from);
      error ||= this.#consume(slab, from, from + space.at);
      from += space.at;
    }
    this.settle(slab);
    return error;
  }

  #consume(slab: Uint8Array, from: number, to: number): number {
    const reader = this.#reader;
    const { streams } = this;
    reader.reset(slab, from, to);
    for (let type = reader.next(); type >= 0; type = reader.next()) {
      const error = dispatch(streams, reader, slab, type);
      if (error !== NO_ERROR) return error;
    }
    return reader.error;
  }
}

function dispatch(streams: Streams, reader: FrameReader, slab: Uint8Array, type: number): number {
  const { id, value, code } = reader;
  switch (type) {
    case types.FRAME_STREAM:
      return streams.onStream(id, reader.offset, slab, reader.dataAt, reader.length, reader.fin);
    case types.FRAME_RESET_STREAM:
      return streams.onResetStream(id, code, value);
    case types.FRAME_STOP_SENDING:
      return streams.onStopSending(id, code);
    case types.FRAME_MAX_DATA:
      return streams.onMaxData(value);
    case types.FRAME_MAX_STREAM_DATA:
      return streams.onMaxStreamData(id, value);
    case types.FRAME_MAX_STREAMS_BIDI:
    case types.FRAME_MAX_STREAMS_UNI:
      return streams.onMaxStreams(type === types.FRAME_MAX_STREAMS_UNI, value);
    case types.FRAME_DATA_BLOCKED:
      return streams.onDataBlocked(value);
    case types.FRAME_STREAM_DATA_BLOCKED:
      return streams.onStreamDataBlocked(id, value);
    case types.FRAME_STREAMS_BLOCKED_BIDI:
    case types.FRAME_STREAMS_BLOCKED_UNI:
      return streams.onStreamsBlocked(type === types.FRAME_STREAMS_BLOCKED_UNI, value);
    default:
      throw new Error(`no frame of streams: ${type}`);
  }
}

/** The frames of packets as lines: type id offset/value length fin. */
export function framesOf(...spaces: readonly (Space | undefined)[]): string[] {
  const reader = new FrameReader();
  const lines: string[] = [];
  for (const space of spaces) {
    if (space === undefined) continue;
    reader.reset(space.bytes, 0, space.at);
    for (let type = reader.next(); type >= 0; type = reader.next())
      lines.push(lineOf(reader, type));
  }
  return lines;
}

function lineOf(reader: FrameReader, type: number): string {
  const { id, offset, length, fin, value, code } = reader;
  switch (type) {
    case types.FRAME_STREAM:
      return `STREAM ${id} ${offset}+${length}${fin ? ' FIN' : ''}`;
    case types.FRAME_RESET_STREAM:
      return `RESET_STREAM ${id} code ${code} size ${value}`;
    case types.FRAME_STOP_SENDING:
      return `STOP_SENDING ${id} code ${code}`;
    case types.FRAME_MAX_DATA:
      return `MAX_DATA ${value}`;
    case types.FRAME_MAX_STREAM_DATA:
      return `MAX_STREAM_DATA ${id} ${value}`;
    case types.FRAME_MAX_STREAMS_BIDI:
      return `MAX_STREAMS_BIDI ${value}`;
    case types.FRAME_MAX_STREAMS_UNI:
      return `MAX_STREAMS_UNI ${value}`;
    case types.FRAME_DATA_BLOCKED:
      return `DATA_BLOCKED ${value}`;
    case types.FRAME_STREAM_DATA_BLOCKED:
      return `STREAM_DATA_BLOCKED ${id} ${value}`;
    case types.FRAME_STREAMS_BLOCKED_BIDI:
      return `STREAMS_BLOCKED_BIDI ${value}`;
    case types.FRAME_STREAMS_BLOCKED_UNI:
      return `STREAMS_BLOCKED_UNI ${value}`;
    default:
      return `type ${type}`;
  }
}

/** Byte `offset` of stream `id`: what the tests write, so that each byte can be checked. */
export function byteAt(id: number, offset: number): number {
  return (Math.imul(offset + 1, 0x9e37_79b1) >>> 24) ^ (id & 0xff);
}

export function patternOf(id: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = byteAt(id, offset + index);
  return bytes;
}

/** Whether these are the bytes of stream `id` from `offset` on: `toEqual` takes long for many. */
export function isPattern(bytes: Uint8Array, id: number, offset: number): boolean {
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] !== byteAt(id, offset + index)) return false;
  }
  return true;
}

/** All that can be read now, as one array. */
export function readAll(stream: Stream): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let chunk = stream.read(); chunk !== undefined; chunk = stream.read()) chunks.push(chunk);
  const whole = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** Chance with a seed (xorshift32): integers below `limit`. */
export function chance(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 0x9e37_79b1) || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}

/** An initiator and a responder that know each other's limits. */
export function pair(
  config: Partial<TransportConfig> = {},
  responder: Partial<TransportConfig> = config,
): { a: Side; b: Side } {
  const left = { ...DEFAULT_CONFIG, ...config };
  const right = { ...DEFAULT_CONFIG, ...responder };
  return {
    a: new Side({ config: left, limits: limitsOf(right) }),
    b: new Side({ isInitiator: false, config: right, limits: limitsOf(left) }),
  };
}

/** Carries everything between two sides, without loss, until both are silent. Returns the first error. */
export function exchange(a: Side, b: Side): number {
  for (let round = 0; round < 10_000; round++) {
    const fromA = a.writeAll();
    const fromB = b.writeAll();
    if (fromA.length + fromB.length === 0) return NO_ERROR;
    const error = b.receive(...fromA) || a.receive(...fromB);
    if (error !== NO_ERROR) return error;
    for (const space of fromA) a.ack(space);
    for (const space of fromB) b.ack(space);
    a.settle();
    b.settle();
  }
  throw new Error('never silent');
}
