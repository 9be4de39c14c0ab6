/**
 * Frames that are legal and of no use (T37, T38, T33, T10, T15): a burst and a rate of them pass, more end the connection
 * with EXCESSIVE_LOAD; and honest peers, however extreme, never come near.
 */

import { describe, expect, it } from 'vitest';
import { USELESS_BURST, USELESS_PER_SECOND } from '../../lib/core/connection/useless-frames.js';
import * as types from '../../lib/core/wire/frame-types.js';
import { StreamGoal } from '../sim/goals/stream-goal.js';
import { PATIENCE } from '../sim/patience.js';
import { scenario } from '../sim/scenario.js';
import { Simulation } from '../sim/simulation.js';
import { ack, frame, join, newId, path, repeated, stream } from './support/frames.js';
import { RawPeer } from './support/raw-peer.js';

const NO_BYTES = new Uint8Array(0);
const OPEN = stream(0, 0, Uint8Array.of(1));

/** Legal on a connection where the peer has opened stream 0, and of no use when it comes again. */
const USELESS: readonly (readonly [string, Uint8Array])[] = [
  ['PING', frame(types.FRAME_PING)],
  ['DATA_BLOCKED', frame(types.FRAME_DATA_BLOCKED, 5)],
  ['STREAM_DATA_BLOCKED', frame(types.FRAME_STREAM_DATA_BLOCKED, 0, 5)],
  ['STREAMS_BLOCKED', frame(types.FRAME_STREAMS_BLOCKED_BIDI, 5)],
  ['STREAMS_BLOCKED of unidirectional ones', frame(types.FRAME_STREAMS_BLOCKED_UNI, 5)],
  ['MAX_DATA that says nothing new', frame(types.FRAME_MAX_DATA, 5)],
  ['MAX_STREAM_DATA that says nothing new', frame(types.FRAME_MAX_STREAM_DATA, 0, 5)],
  ['MAX_STREAMS that says nothing new', frame(types.FRAME_MAX_STREAMS_UNI, 5)],
  ['STREAM without bytes', stream(0, 1, NO_BYTES)],
  ['PATH_CHALLENGE', path(types.FRAME_PATH_CHALLENGE, 1.5)],
  ['PATH_RESPONSE', path(types.FRAME_PATH_RESPONSE, 1.5)],
  ['NEW_CONNECTION_ID that came before', newId(4, 1)],
];

function victim(): RawPeer {
  const peer = new RawPeer();
  peer.send(join(OPEN, newId(4, 1)));
  return peer;
}

describe('useless frames', () => {
  it.each(USELESS)('of one kind end the connection above the budget: %s', (_name, bytes) => {
    const peer = victim();
    let sent = 0;
    while (peer.closedName === undefined && sent < 2 * USELESS_BURST) {
      const count = Math.floor(1100 / bytes.length);
      peer.send(repeated(bytes, count));
      sent += count;
    }
    expect(peer.closedName).toBe('EXCESSIVE_LOAD');
    expect(sent).toBeGreaterThan(USELESS_BURST - 10);
    expect(sent).toBeLessThan(USELESS_BURST + 1200);
    expect(peer.connection.stats().uselessFrames).toBeGreaterThan(USELESS_BURST);
  });

  it.each(USELESS)('at a rate that keeps a connection alive pass for ever: %s', (_name, bytes) => {
    const peer = victim();
    for (let second = 0; second < 100; second++) {
      peer.send(repeated(bytes, Math.floor(USELESS_PER_SECOND / 3)));
      peer.send(repeated(bytes, Math.floor(USELESS_PER_SECOND / 3)));
      peer.nowUs += 1_000_000;
    }
    expect(peer.closedName).toBeUndefined();
  });

  it('that are packets of nothing but PADDING end it, too', () => {
    const peer = victim();
    for (let packet = 0; packet < USELESS_BURST + 5; packet++) peer.send(PADDING);
    expect(peer.closedName).toBe('EXCESSIVE_LOAD');
  });

  it('are mixed in vain: the budget is one', () => {
    const peer = victim();
    let sent = 0;
    for (; peer.closedName === undefined && sent < 2 * USELESS_BURST; ) {
      for (const [, bytes] of USELESS) peer.send(bytes);
      sent += USELESS.length;
    }
    expect(peer.closedName).toBe('EXCESSIVE_LOAD');
    expect(sent).toBeLessThan(USELESS_BURST + 100);
  });

  it('limits that rise by a byte at a time are useless', () => {
    const peer = victim();
    let max = 2 ** 40;
    while (peer.closedName === undefined && max < 2 ** 40 + 2 * USELESS_BURST) {
      peer.send(frame(types.FRAME_MAX_DATA, ++max));
    }
    expect(peer.closedName).toBe('EXCESSIVE_LOAD');
  });

  it('limits that rise by a packet at a time are none', () => {
    const peer = victim();
    for (let step = 1; step <= 2 * USELESS_BURST; step++) {
      peer.send(frame(types.FRAME_MAX_DATA, 2 ** 40 + step * 1200));
    }
    expect(peer.closedName).toBeUndefined();
    expect(peer.connection.stats().uselessFrames).toBeLessThan(20);
  });

  it('one is forgiven to a packet that acknowledges something new', () => {
    const peer = victim();
    const { connection } = peer;
    for (let round = 0; round < 2 * USELESS_BURST; round++) {
      connection.sendDatagram(Uint8Array.of(1));
      peer.turn();
      const number = peer.largestHeard;
      const ping = frame(types.FRAME_PING);
      peer.send(Uint8Array.of(...ack([[number, number]]), ...ping));
    }
    expect(peer.closedName).toBeUndefined();
    expect(connection.stats().uselessFrames).toBeGreaterThanOrEqual(2 * USELESS_BURST);
  });
});

describe('streams that are opened and reset at once', () => {
  it('end the connection above the budget, and leave nothing behind', () => {
    const peer = new RawPeer();
    let number = 0;
    let most = 0;
    while (peer.closedName === undefined && number < 2 * USELESS_BURST) {
      peer.send(
        Uint8Array.of(
          ...stream(4 * number + 2, 0, Uint8Array.of(0, 7)),
          ...frame(types.FRAME_RESET_STREAM, 4 * number + 2, 9, 2),
        ),
      );
      number++;
      most = Math.max(most, peer.connection.stats().streamsActive);
    }
    expect(peer.closedName).toBe('EXCESSIVE_LOAD');
    expect(number).toBeLessThan(USELESS_BURST + 10);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('are allowed to a client that gives up all that it asked, again and again', () => {
    const peer = new RawPeer();
    let number = 0;
    for (let second = 0; second < 60; second++) {
      for (let index = 0; index < 300; index++, number++) {
        peer.send(
          Uint8Array.of(
            ...stream(4 * number + 2, 0, Uint8Array.of(0, 7)),
            ...frame(types.FRAME_RESET_STREAM, 4 * number + 2, 9, 2),
          ),
        );
      }
      peer.nowUs += 1_000_000;
    }
    expect(number).toBeGreaterThan(USELESS_BURST);
    expect(peer.closedName).toBeUndefined();
  });
});

describe('honest peers', PATIENCE, () => {
  it('with the smallest of windows tell and complain of tens of thousands of limits', () => {
    const windows = {
      initialStreamData: 2400,
      maxStreamData: 2400,
      initialConnectionData: 4800,
      maxConnectionData: 4800,
    };
    const link = [{ kind: 'delay', delayUs: 50 }] as const;
    const run = new Simulation(
      scenario({
        name: 'tiny windows',
        there: link,
        back: link,
        config: windows,
        goals: () => [new StreamGoal({ bytes: 10_000_000 })],
      }),
    );
    expect(() => run.run()).not.toThrow();
  });
});

const PADDING = new Uint8Array(4);
