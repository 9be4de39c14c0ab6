/**
 * The limit of amplification (RFC 9000 section 8, wire-format.md M3): whatever comes from wherever, and whenever, to an
 * address at which nothing has reached the peer goes no more than three times what came from it.
 *
 * Who is to be believed is decided here, not read from the code: some addresses are the peer's, and count from the moment
 * at which a datagram sent there has arrived; the others are victims, whose packets are the peer's sent on.
 */

import { describe, expect, it } from 'vitest';
import { Rng } from '../sim/rng.js';
import { type Arriving, CoreNode, join, type Sent } from '../support/core-node.js';

/** BURSTWIRE_SIM_SEEDS=20000 runs 10,000. */
const SCHEDULES = Math.max(2000, Number(process.env['BURSTWIRE_SIM_SEEDS'] ?? 0) / 2);
/** The server's address, as the client sees it. */
const SERVER = 9;
/** Addresses of the client's packets: it connects from the first, and gets what is sent to the first three. */
const ADDRESSES = [1, 2, 3, 4, 5];
const OWN = new Set([1, 2, 3]);

interface World {
  readonly rng: Rng;
  readonly client: CoreNode;
  readonly server: CoreNode;
  readonly received: Map<number, number>;
  readonly sent: Map<number, number>;
  readonly proved: Set<number>;
  nowUs: number;
  /** Of what the client has sent: what has not arrived yet, and what could be repeated. */
  underWay: Uint8Array[];
  back: Uint8Array[];
}

function begin(seed: number): World {
  const rng = new Rng(seed);
  const config = { keepAliveUs: 300_000 };
  const client = new CoreNode({ name: 1, random: rng.fork('client').asRandom(), config });
  const server = new CoreNode({ name: 2, random: rng.fork('server').asRandom(), config });
  const nowUs = join(client, server, 1, SERVER);
  return {
    rng,
    client,
    server,
    received: new Map(),
    sent: new Map(),
    proved: new Set([1]),
    nowUs,
    underWay: [],
    back: [],
  };
}

/** Bytes of datagrams to `to` while it was not proved, all together. Throws when they are too many. */
function note(world: World, { to, bytes }: Sent): void {
  if (OWN.has(to)) world.back.push(bytes);
  if (world.proved.has(to)) return;
  const sent = (world.sent.get(to) ?? 0) + bytes.length;
  const received = world.received.get(to) ?? 0;
  world.sent.set(to, sent);
  if (OWN.has(to)) world.proved.add(to);
  if (sent > 3 * received) throw new Error(`${sent} bytes to ${to}, from where ${received} came`);
}

function toServer(world: World, arriving: Arriving[]): void {
  for (const { from, bytes } of arriving) {
    world.received.set(from, (world.received.get(from) ?? 0) + bytes.length);
  }
  for (const sent of world.server.turn(arriving, world.nowUs)) note(world, sent);
}

function toClient(world: World): void {
  const arriving = world.back.splice(0).filter(() => !world.rng.chance(0.1));
  const sent = world.client.turn(
    arriving.slice(0, 80).map((bytes) => ({ from: SERVER, bytes })),
    world.nowUs,
  );
  world.underWay.push(...sent.map(({ bytes }) => bytes));
}

function write(world: World, node: CoreNode): void {
  const bytes = new Uint8Array(Math.round(world.rng.logarithmic(1, 20_000)));
  if (world.rng.chance(0.5)) node.connection?.openStream(true)?.write(bytes);
  else node.connection?.sendDatagram(bytes.subarray(0, 1000));
}

/** Some of what the client has sent arrives, in some order, from some address. */
function deliver(world: World): void {
  const { rng } = world;
  const arriving: Arriving[] = [];
  const from = rng.pick(ADDRESSES);
  for (let count = rng.between(1, 8); count > 0 && world.underWay.length > 0; count--) {
    const place = rng.chance(0.8) ? 0 : rng.below(world.underWay.length);
    const [bytes] = world.underWay.splice(place, 1);
    arriving.push({ from: rng.chance(0.8) ? from : rng.pick(ADDRESSES), bytes });
    if (rng.chance(0.1)) arriving.push({ from: rng.pick(ADDRESSES), bytes });
  }
  if (rng.chance(0.2)) arriving.push({ from, bytes: junk(rng) });
  if (arriving.length > 0) toServer(world, arriving);
}

/** Like a packet of a connection that nobody has: it may be answered with a stateless reset. */
function junk(rng: Rng): Uint8Array {
  const bytes = new Uint8Array(rng.between(29, 200));
  for (let at = 0; at < bytes.length; at++) bytes[at] = rng.below(256);
  bytes[0] = 0x40;
  return bytes;
}

function step(world: World): void {
  const { rng } = world;
  const kind = rng.unit();
  if (kind < 0.2) write(world, world.server);
  else if (kind < 0.4) write(world, world.client);
  else if (kind < 0.7) deliver(world);
  else if (kind < 0.85) toClient(world);
  else world.nowUs += Math.round(rng.logarithmic(100, 3_000_000));
  if (kind > 0.97) world.server.connection?.close(1, 'a reason', false);
  if (world.server.endpoint.deadlineUs <= world.nowUs || kind < 0.2) toServer(world, []);
}

describe('to an address that has proved nothing', () => {
  it.each(Array.from({ length: 10 }, (_, part) => part))(
    'goes at most three times what came from it, part %i',
    { timeout: 120_000 },
    (part) => {
      let [unproved, switches] = [0, 0];
      for (let schedule = 0; schedule < SCHEDULES / 10; schedule++) {
        const seed = part * 1_000_000 + schedule + 1;
        const world = begin(seed);
        try {
          for (let count = 0; count < 40; count++) step(world);
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)}`);
        }
        for (const bytes of world.sent.values()) unproved += bytes;
        switches += world.server.connection?.stats().pathSwitches ?? 0;
      }
      // It was not kept by sending nothing.
      expect(switches).toBeGreaterThan(SCHEDULES / 20);
      expect(unproved).toBeGreaterThan(50 * SCHEDULES);
    },
  );
});
