/**
 * What an authenticated peer may try beyond useless frames: each ends in a named error or in nothing, with bounded state.
 *
 * Raw packets into a real endpoint (support/raw-peer.ts); each cap has a twin here or where docs/security.md says.
 */

import { describe, expect, it } from 'vitest';
import { PATH_RESPONSES_MAX } from '../../lib/core/connection/path.js';
import { EVENT_CLOSED, EVENT_DATAGRAM, EVENT_STREAM } from '../../lib/core/event-ring.js';
import type { Stream } from '../../lib/core/streams/stream.js';
import * as types from '../../lib/core/wire/frame-types.js';
import { ack, frame, join, newId, path, repeated, stream } from './support/frames.js';
import { RawPeer } from './support/raw-peer.js';

const PING = frame(types.FRAME_PING);
const ONE = Uint8Array.of(1);

describe('acknowledgements', () => {
  it.each([
    ['of the next number', (next: number) => ack([[next, next]])],
    ['of the largest number there is', () => ack([[2 ** 53 - 1, 2 ** 53 - 1]])],
    ['of everything up to the next number', (next: number) => ack([[0, next]])],
  ])('%s close the connection and change nothing', (_name, make) => {
    const peer = new RawPeer();
    const { connection } = peer;
    const figures = () => {
      const { congestionWindow, bytesInFlight, smoothedRttUs } = connection.stats();
      return { congestionWindow, bytesInFlight, smoothedRttUs };
    };
    const before = figures();
    peer.send(make(connection.recovery.nextPacketNumber));
    expect(peer.closedName).toBe('PROTOCOL_VIOLATION');
    expect(figures()).toEqual(before);
  });

  it('of all that may have been sent are caught by a number that was left out', () => {
    const peer = new RawPeer();
    const { connection } = peer;
    let sent = 0;
    while (peer.closedName === undefined && sent < 2000) {
      connection.sendDatagram(ONE);
      peer.turn();
      sent++;
      // Ahead of what came, as far as it goes without being a number that was never sent.
      peer.send(ack([[0, connection.recovery.nextPacketNumber - 1]]));
    }
    expect(peer.closedName).toBe('PROTOCOL_VIOLATION');
    expect(sent).toBeLessThan(400);
  });

  it('of what has come are honest, though numbers are left out', () => {
    const peer = new RawPeer();
    const { connection } = peer;
    for (let sent = 0; sent < 3000; sent++) {
      connection.sendDatagram(ONE);
      peer.turn();
      peer.send(ack([[peer.largestHeard, peer.largestHeard]]));
    }
    expect(peer.closedName).toBeUndefined();
    expect(connection.stats().bytesInFlight).toBeLessThan(3000);
  });

  it('of ACKs alone make no traffic: nothing answers them', () => {
    const peer = new RawPeer();
    peer.connection.sendDatagram(ONE);
    peer.turn();
    const number = peer.largestHeard;
    peer.send(ack([[number, number]]));
    peer.wait(2_000_000);
    const before = peer.packetsHeard;
    for (let round = 0; round < 1000; round++) peer.send(ack([[number, number]]));
    expect(peer.packetsHeard - before).toBeLessThan(3);
    expect(peer.closedName).toBeUndefined();
  });
});

describe('numbers with gaps', () => {
  it('keep a bounded list, and nothing is taken twice', () => {
    const peer = new RawPeer();
    const datagram = join(frame(types.FRAME_DATAGRAM | 1, 1), ONE);
    const packets = Array.from({ length: 400 }, () => peer.seal(datagram));
    for (let index = 0; index < 400; index += 2) peer.deliver([packets[index]]);
    expect(peer.connection.received.rangeCount).toBe(64);
    for (let index = 1; index < 400; index += 2) peer.deliver([packets[index]]);
    for (const packet of packets) peer.deliver([packet]);
    const taken = peer.told.filter(({ kind }) => kind === EVENT_DATAGRAM).length;
    expect(taken).toBe(400);
  });
});

describe('questions about the path', () => {
  it('in one burst get no more answers than are kept, and memory for no more', () => {
    const peer = new RawPeer();
    peer.heard = [];
    const packets = Array.from({ length: 100 }, (_, index) =>
      peer.seal(
        join(
          ...Array.from({ length: 20 }, (_, at) =>
            path(types.FRAME_PATH_CHALLENGE, index * 20 + at + 0.5),
          ),
        ),
      ),
    );
    peer.deliver(packets);
    const answers = peer.heard.filter(({ type }) => type === types.FRAME_PATH_RESPONSE);
    expect(answers.length).toBe(PATH_RESPONSES_MAX);
    const { pathChallengesReceived, pathChallengesDropped } = peer.connection.stats();
    expect(pathChallengesReceived).toBe(2000);
    expect(pathChallengesDropped).toBe(2000 - PATH_RESPONSES_MAX);
    expect(peer.closedName).toBeUndefined();
  });

  it('one at a time are all answered', () => {
    const peer = new RawPeer();
    peer.heard = [];
    for (let index = 0; index < 100; index++) {
      peer.send(path(types.FRAME_PATH_CHALLENGE, index + 0.5));
    }
    const answers = peer.heard.filter(({ type }) => type === types.FRAME_PATH_RESPONSE);
    expect(answers.length).toBe(100);
  });
});

describe('connection ids', () => {
  it('that retire all before them without end close the connection, with few kept', () => {
    const peer = new RawPeer();
    let sequence = 4;
    while (peer.closedName === undefined && sequence < 200) {
      peer.send(newId(sequence, sequence));
      sequence++;
    }
    expect(peer.closedName).toBe('CONNECTION_ID_LIMIT_ERROR');
    expect(sequence).toBeLessThan(20);
  });

  it('that are retired as fast as they come are given as fast, and the table stays as it is', () => {
    const peer = new RawPeer();
    peer.turn();
    // Acknowledged, the probe of the path MTU among it, or the window would be full of what nobody has heard.
    for (let sequence = 1; sequence < 500; sequence++) {
      const retirement = frame(types.FRAME_RETIRE_CONNECTION_ID, sequence);
      peer.send(peer.hasHeard ? join(peer.acknowledgement(), retirement) : retirement);
      peer.nowUs += 1000;
    }
    expect(peer.closedName).toBeUndefined();
    const given = peer.heard.filter(({ type }) => type === types.FRAME_NEW_CONNECTION_ID);
    expect(given.length).toBeGreaterThanOrEqual(499);
    expect(given.length).toBeLessThan(520);
  });
});

describe('streams', () => {
  it('with the last id that is allowed cost one stream, not all below', () => {
    const peer = new RawPeer();
    peer.send(stream(4 * 1023, 0, ONE));
    expect(peer.connection.stats().streamsActive).toBe(1);
    peer.send(stream(4 * 1024, 0, ONE));
    expect(peer.closedName).toBe('STREAM_LIMIT_ERROR');
  });

  it('whose first byte never comes keep no more than the window of the connection', () => {
    const peer = new RawPeer({ initialConnectionData: 100_000, maxConnectionData: 100_000 });
    const data = new Uint8Array(1000);
    for (let number = 0; number < 200 && peer.closedName === undefined; number++) {
      peer.send(stream(4 * number, 1, data));
    }
    expect(peer.closedName).toBe('FLOW_CONTROL_ERROR');
    expect(peer.connection.streams.receivedData).toBeLessThanOrEqual(100_000);
  });

  it('that nobody reads get the first window and not a byte more', () => {
    const peer = new RawPeer({ initialStreamData: 10_000, maxStreamData: 1 << 20 });
    peer.heard = [];
    for (let at = 0; at < 10_000; at += 1000) peer.send(stream(0, at, new Uint8Array(1000)));
    peer.wait(1_000_000);
    expect(peer.heard.some(({ type }) => type === types.FRAME_MAX_STREAM_DATA)).toBe(false);
    peer.send(stream(0, 10_000, ONE));
    expect(peer.closedName).toBe('FLOW_CONTROL_ERROR');
  });

  it('that overlap with other bytes: the first that came stay', () => {
    const peer = new RawPeer();
    peer.send(stream(0, 2, Uint8Array.of(3, 4)));
    peer.send(stream(0, 0, Uint8Array.of(1, 2, 9, 9, 5)));
    peer.send(stream(0, 0, Uint8Array.of(8, 8, 8, 8, 8, 6), true));
    const opened = peer.told.find(({ kind }) => kind === EVENT_STREAM)?.subject as Stream;
    const bytes: number[] = [];
    for (let chunk = opened.read(); chunk !== undefined; chunk = opened.read()) {
      bytes.push(...chunk);
    }
    expect(bytes).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('of nothing but an end are as many as are allowed', () => {
    const peer = new RawPeer({ maxStreams: 100 });
    for (let number = 0; number < 150 && peer.closedName === undefined; number++) {
      peer.send(stream(4 * number, 0, new Uint8Array(0), true));
    }
    expect(peer.closedName).toBe('STREAM_LIMIT_ERROR');
    expect(peer.told.filter(({ kind }) => kind === EVENT_STREAM).length).toBe(100);
  });
});

describe('datagrams without bytes', () => {
  it('are as many in a turn as the queue takes; the rest is dropped and counted', () => {
    const peer = new RawPeer({ datagramQueue: 50 });
    const empty = frame(types.FRAME_DATAGRAM | 1, 0);
    peer.send(repeated(empty, 500));
    const told = peer.told.filter(({ kind }) => kind === EVENT_DATAGRAM).length;
    expect(told).toBe(50);
    expect(peer.connection.stats().datagramsReceivedDropped).toBe(450);
    peer.send(repeated(empty, 50));
    expect(peer.told.filter(({ kind }) => kind === EVENT_DATAGRAM).length).toBe(100);
  });
});

describe('a packet', () => {
  it.each([0x01, 0x02, 0x08, 0x10])('with the reserved bit 0x%i ends it when sealed', (bit) => {
    const peer = new RawPeer();
    peer.send(PING, { bits: bit });
    expect(peer.closedName).toBe('PROTOCOL_VIOLATION');
  });

  it('that is forged is dropped in silence and counted, whatever its bits', () => {
    const peer = new RawPeer();
    peer.wait(2_000_000);
    const before = peer.packetsHeard;
    const forged = [0x00, 0x01, 0x08, 0x10].map((bits) => {
      const bytes = peer.seal(PING, { bits });
      bytes[bytes.length - 1] ^= 1;
      return bytes;
    });
    peer.deliver(forged);
    expect(peer.packetsHeard).toBe(before);
    expect(peer.victim.endpoint.counts.droppedForged).toBe(4);
    peer.send(PING);
    expect(peer.closedName).toBeUndefined();
  });

  it('that comes ten thousand times is taken once', () => {
    const peer = new RawPeer();
    const bytes = peer.seal(join(frame(types.FRAME_DATAGRAM | 1, 1), ONE));
    for (let round = 0; round < 100; round++)
      peer.deliver(Array.from({ length: 100 }, () => bytes));
    expect(peer.told.filter(({ kind }) => kind === EVENT_DATAGRAM).length).toBe(1);
    expect(peer.connection.stats().duplicatesReceived).toBe(9999);
  });
});

describe('after the end', () => {
  it('ten thousand packets get a dozen answers, and the place is free in the end', () => {
    const peer = new RawPeer();
    peer.connection.close(7, 'enough', false);
    peer.turn();
    const before = peer.packetsHeard;
    for (let index = 0; index < 10_000; index++) peer.send(PING);
    expect(peer.packetsHeard - before).toBeLessThanOrEqual(14);
    peer.wait(60_000_000);
    expect(peer.victim.endpoint.connectionCount).toBe(0);
    expect(peer.told.filter(({ kind }) => kind === EVENT_CLOSED).length).toBe(1);
  });
});
