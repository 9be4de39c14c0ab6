/**
 * All sockets of a thread receive into one slab: what one has lent out is never overwritten by what another receives.
 *
 * Two sockets and a sender, or two endpoints, in this process, with datagrams waiting at both. The statements hold on each
 * engine; that the slab is one is the native engine's.
 *
 * Invariant of each test: what a listener borrows is compared twice, when it comes and after all that could have made the
 * other socket receive.
 */

import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import type { TransportStream } from '../../lib/index.js';
import type { ReceiveBatch, UdpSocket } from '../../lib/udp.js';
import { firstDifference, payloads } from '../conformance/support/payloads.js';
import { open as openSocket } from '../conformance/support/sockets.js';
import { engines as socketEngines } from '../conformance/support/variants.js';
import { until, within } from '../conformance/support/waiting.js';
import { hashOf, seeded } from './support/bytes.js';
import { pair } from './support/pair.js';
import { engines } from './support/variants.js';

const DATAGRAMS = 32;
const SIZE = 700;
/** No datagram of one is one of the other. */
const ONE = payloads(0, DATAGRAMS, SIZE);
const OTHER = payloads(1000, 1000 + DATAGRAMS, SIZE);

function views(batch: ReceiveBatch): Uint8Array[] {
  return Array.from({ length: batch.length }, (_, index) => batch.payload(index));
}

/** Sends both lists in turns, before the event loop looks at either socket. */
function sendBoth(from: UdpSocket, one: UdpSocket, other: UdpSocket): void {
  for (let index = 0; index < DATAGRAMS; index++) {
    expect(from.send(ONE[index], one.address)).toBe(1);
    expect(from.send(OTHER[index], other.address)).toBe(1);
  }
}

/** Keeps copies of what comes; `meanwhile` runs while it is borrowed, and the borrowed bytes are looked at before and after. */
function watch(socket: UdpSocket, meanwhile: (batch: ReceiveBatch) => void = () => {}) {
  const kept: Uint8Array[] = [];
  let inside = 0;
  socket.on('batch', (batch) => {
    expect(inside++).toBe(0);
    const borrowed = views(batch);
    const copies = borrowed.map((bytes) => bytes.slice());
    meanwhile(batch);
    expect(firstDifference(borrowed, copies)).toBeUndefined();
    kept.push(...copies);
    inside--;
  });
  return kept;
}

function whole(kept: readonly Uint8Array[], what: string): Promise<void> {
  return until(
    () => kept.length >= DATAGRAMS,
    () => `${DATAGRAMS} datagrams of ${what}, beyond ${kept.length}`,
  );
}

describe.each(socketEngines)('two sockets of a thread: $name', (variant) => {
  async function three() {
    const [one, other, from] = [
      await openSocket(variant),
      await openSocket(variant),
      await openSocket(variant),
    ];
    return { one, other, from };
  }

  it.runIf(variant.native)('receive into one slab', async () => {
    const { one, other, from } = await three();
    const slabs = new Set<ArrayBufferLike>();
    const kept = watch(one, (batch) => slabs.add(batch.bytes.buffer));
    const keptOther = watch(other, (batch) => slabs.add(batch.bytes.buffer));
    sendBoth(from, one, other);
    await Promise.all([whole(kept, 'one'), whole(keptOther, 'the other')]);
    expect(slabs.size).toBe(1);
  });

  it('do not receive while the other has lent out what it received', async () => {
    const { one, other, from } = await three();
    let inListener = 0;
    const stir = (socket: UdpSocket) => () => {
      expect(inListener++).toBe(0);
      // Everything that touches the other socket's reading, with its datagrams waiting.
      const listeners = socket.listeners('batch') as ((batch: ReceiveBatch) => void)[];
      socket.removeAllListeners('batch');
      for (const listener of listeners) socket.on('batch', listener);
      socket.stats();
      socket.unref().ref();
      socket.send(OTHER[0], from.address);
      void socket[Symbol.asyncIterator]().return?.();
      inListener--;
    };
    const kept = watch(one, stir(other));
    const keptOther = watch(other, stir(one));
    sendBoth(from, one, other);
    await Promise.all([whole(kept, 'one'), whole(keptOther, 'the other')]);
    expect(firstDifference(kept, ONE)).toBeUndefined();
    expect(firstDifference(keptOther, OTHER)).toBeUndefined();
  });

  it('give to loops what nobody overwrites', async () => {
    const { one, other, from } = await three();
    const loop = one[Symbol.asyncIterator]();
    const first = loop.next();
    expect(from.send(ONE[0], one.address)).toBe(1);
    const { value: held } = await within(first, () => 'a batch of the loop');
    const keptOther = watch(other);
    for (const bytes of OTHER) expect(from.send(bytes, other.address)).toBe(1);
    await whole(keptOther, 'the other');
    expect(firstDifference(views(held), ONE.slice(0, 1))).toBeUndefined();
    await loop.return?.();
  });

  it('lose nothing when one is closed inside its own listener', async () => {
    const { one, other, from } = await three();
    const kept = watch(one, () => void one.close());
    const keptOther = watch(other);
    sendBoth(from, one, other);
    await whole(keptOther, 'the other');
    expect(firstDifference(keptOther, OTHER)).toBeUndefined();
    expect(firstDifference(kept, ONE.slice(0, kept.length))).toBeUndefined();
  });

  it('lose nothing when one is closed while the other has lent out', async () => {
    const { one, other, from } = await three();
    const kept = watch(one, () => void other.close());
    watch(other);
    sendBoth(from, one, other);
    await whole(kept, 'one');
    expect(firstDifference(kept, ONE)).toBeUndefined();
    // The memory is still there for one that comes later.
    const later = await openSocket(variant);
    const keptLater = watch(later);
    for (const bytes of OTHER) expect(from.send(bytes, later.address)).toBe(1);
    await whole(keptLater, 'a later one');
    expect(firstDifference(keptLater, OTHER)).toBeUndefined();
  });

  it('both go on when a listener of one has transferred the slab away', async () => {
    const { one, other, from } = await three();
    const kept: Uint8Array[] = [];
    one.on('batch', (batch) => {
      kept.push(...views(batch).map((bytes) => bytes.slice()));
      if (kept.length === batch.length)
        structuredClone(0, { transfer: [batch.bytes.buffer as ArrayBuffer] });
    });
    const keptOther = watch(other);
    expect(from.send(ONE[0], one.address)).toBe(1);
    await until(
      () => kept.length > 0,
      () => 'the first datagram',
    );
    kept.length = 0;
    one.removeAllListeners('batch');
    const keptAfter = watch(one);
    sendBoth(from, one, other);
    await Promise.all([whole(keptAfter, 'one'), whole(keptOther, 'the other')]);
    expect(firstDifference(keptAfter, ONE)).toBeUndefined();
    expect(firstDifference(keptOther, OTHER)).toBeUndefined();
  });
});

describe.each(engines)('two endpoints of a thread: $name', (variant) => {
  /** Reads where the bytes lie, and writes on meanwhile. Resolves with all that came. */
  async function readBorrowed(stream: TransportStream, meanwhile: () => void): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let inside = 0;
    stream.readBorrowed((bytes, offset, byteLength) => {
      expect(inside++).toBe(0);
      const copy = Buffer.from(bytes.subarray(offset, offset + byteLength));
      meanwhile();
      expect(copy.equals(bytes.subarray(offset, offset + byteLength))).toBe(true);
      chunks.push(copy);
      inside--;
    });
    await finished(stream, { writable: false });
    return Buffer.concat(chunks);
  }

  it('lend out what the other never overwrites', async () => {
    const { here, there, client } = await pair(variant);
    const [question, answer] = [seeded(2_000_000, 1), seeded(2_000_000, 2)];
    const stream = here.openStream();
    const incoming = within(once(there, 'stream'), () => "'stream'");
    stream.end(question);
    const [peer] = (await incoming) as [TransportStream];
    peer.end(answer);
    // Each side makes the other's socket receive while it holds bytes of its own.
    const gotThere = readBorrowed(peer, () => {
      here.sendDatagram(answer.subarray(0, 900));
      there.sendDatagram(question.subarray(0, 900));
    });
    const gotHere = readBorrowed(stream, () => {
      there.sendDatagram(question.subarray(0, 900));
      client.stats();
    });
    expect(hashOf(await within(gotThere, () => 'the question'))).toBe(hashOf(question));
    expect(hashOf(await within(gotHere, () => 'the answer'))).toBe(hashOf(answer));
  });

  it('are not hurt when another one closes meanwhile', async () => {
    const { here, there } = await pair(variant);
    const bystanders = await pair(variant);
    const bytes = seeded(1_000_000, 3);
    const stream = here.openStream({ unidirectional: true });
    const incoming = within(once(there, 'stream'), () => "'stream'");
    stream.end(bytes);
    const [peer] = (await incoming) as [TransportStream];
    let closed: Promise<void> | undefined;
    const got = readBorrowed(peer, () => {
      bystanders.here.destroy();
      closed ??= bystanders.server.close();
    });
    expect(hashOf(await within(got, () => 'the bytes'))).toBe(hashOf(bytes));
    await within(closed!, () => 'the end of the other endpoint');
  });
});
