/**
 * Packets in runs are those that are built one by one: the same world, once with a tracer, which wants to hear of each packet
 * and so keeps runs away, and once without. Both must have sent the same bytes at the same times, and count the same.
 */

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TransportConfig } from '../../../../lib/core/config.js';
import { PacketBuilder } from '../../../../lib/core/connection/packet-builder.js';
import type { Tracer } from '../../../../lib/core/ports.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { Rng } from '../../../sim/rng.js';
import { type Arriving, CoreNode, join, type Sent } from '../../../support/core-node.js';

const [HOME, SERVER] = [1, 9];
const STEP_US = 1000;
/** Datagrams. */
const BATCH = 64;
const ignore = (): void => {};
const DEAF: Tracer = {
  packetSent: ignore,
  packetReceived: ignore,
  packetLost: ignore,
  metrics: ignore,
  state: ignore,
};

interface Case {
  readonly config?: Partial<TransportConfig>;
  readonly ofServer?: Partial<TransportConfig>;
  /** Steps of a millisecond; a packet takes three. */
  readonly steps?: number;
  /** The part of all datagrams that is lost. */
  readonly loss?: number;
  /** Called before each step. */
  readonly act: (world: World, step: number) => void;
}

class World {
  readonly client: CoreNode;
  readonly server: CoreNode;
  readonly streams: Stream[] = [];
  readonly rng = new Rng(7);
  readonly sent: string[] = [];
  nowUs: number;

  constructor({ config = {}, ofServer = config }: Case, isTraced: boolean) {
    this.client = new CoreNode({
      name: 1,
      random: new Rng(1).asRandom(),
      config,
      onEvent: (_kind, _owner, subject) => this.read(subject),
    });
    this.server = new CoreNode({
      name: 2,
      random: new Rng(2).asRandom(),
      config: ofServer,
      onEvent: (_kind, _owner, subject) => this.read(subject),
    });
    this.nowUs = join(this.client, this.server, HOME, SERVER);
    if (!isTraced) return;
    this.client.connection.trace(DEAF);
    this.server.connection.trace(DEAF);
  }

  /** All that has come of a stream. */
  read(subject: unknown): void {
    const stream = subject as Partial<Stream> | undefined;
    if (stream?.receiving !== undefined) while (stream.read?.() !== undefined);
  }

  open(bytes: number): Stream {
    const stream = this.client.connection.openStream(true)!;
    this.streams.push(stream);
    stream.write(this.bytes(bytes));
    return stream;
  }

  bytes(count: number): Uint8Array {
    return new Uint8Array(count).fill(this.streams.length);
  }

  /** A turn for each batch of what arrives. */
  turn(node: CoreNode, arriving: readonly Arriving[] = []): Sent[] {
    const sent = node.turn(arriving.slice(0, BATCH), this.nowUs);
    for (let at = BATCH; at < arriving.length; at += BATCH) {
      sent.push(...node.turn(arriving.slice(at, at + BATCH), this.nowUs));
    }
    return sent;
  }

  run({ steps = 200, loss = 0, act }: Case): unknown {
    const [there, back]: [Arriving[][], Arriving[][]] = [[], []];
    const fly = (to: Arriving[][], from: number, sent: Sent[]): void => {
      const arriving = sent.filter(() => !this.rng.chance(loss));
      to.push(arriving.map(({ bytes, ecn = 0 }) => ({ from, bytes, ecn })));
    };
    for (let step = 0; step < steps; step++, this.nowUs += STEP_US) {
      act(this, step);
      const fromClient = this.turn(this.client, back[step - 3]);
      for (const { bytes, ecn } of fromClient) {
        this.sent.push(`${this.nowUs} ${ecn} ${hashOf(bytes)}`);
      }
      this.sent.push(`${this.nowUs} until ${this.client.connection.recovery.deadlineUs}`);
      fly(there, HOME, fromClient);
      fly(back, SERVER, this.turn(this.server, there[step - 3]));
    }
    const { connection } = this.client;
    const { recovery } = connection;
    return {
      sent: this.sent,
      stats: connection.stats(),
      ofServer: this.server.connection.stats(),
      turns: this.streams.map(({ turnBytes }) => turnBytes),
      inFlight: [recovery.bytesInFlight, recovery.ackElicitingInFlight, recovery.numbersSkipped],
    };
  }
}

function hashOf(bytes: Uint8Array): string {
  let hash = bytes.length;
  for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) | 0;
  return `${bytes.length} ${hash}`;
}

afterEach(() => vi.restoreAllMocks());

/** Both runs, which must be the same. Returns how many packets were built in runs. */
function compare(made: Case): number {
  vi.restoreAllMocks();
  const added = vi.spyOn(PacketBuilder.prototype, 'addRun');
  const one = new World(made, true).run(made);
  expect(added).not.toHaveBeenCalled();
  let packets = 0;
  vi.restoreAllMocks();
  const original = PacketBuilder.prototype.addRun;
  vi.spyOn(PacketBuilder.prototype, 'addRun').mockImplementation(function (
    this: PacketBuilder,
    ...given
  ) {
    packets += this.run.count;
    original.apply(this, given);
  });
  expect(new World(made, false).run(made)).toEqual(one);
  return packets;
}

const pour = (bytes: number, chunk = bytes): Case['act'] => {
  return (world, step) => {
    if (step > 0) return;
    const stream = world.open(0);
    for (let at = 0; at < bytes; at += chunk)
      stream.write(world.bytes(Math.min(chunk, bytes - at)));
  };
};
const burst = (bytes: number, every: number): Case['act'] => {
  return (world, step) => {
    if (step === 0) world.open(0);
    if (step % every === 0) world.streams[0].write(world.bytes(bytes));
  };
};
const MB = 1 << 20;

describe('packets in runs are those that were built one by one', () => {
  it.each<[string, Case]>([
    ['of a stream alone', { act: pour(2 * MB) }],
    ['under newreno', { config: { congestion: 'newreno' }, act: pour(2 * MB) }],
    ['under ledbat', { config: { congestion: 'ledbat' }, act: pour(2 * MB) }],
    ['with losses', { loss: 0.02, act: pour(MB) }],
    ['with many losses', { loss: 0.2, steps: 600, act: pour(MB) }],
    ['of chunks that end in the middle of packets', { act: pour(MB, 10_007) }],
    ['under a rate limit', { config: { connectionRateLimit: 20e6 }, act: pour(MB) }],
    ['after silences', { loss: 0.01, steps: 900, act: burst(300_000, 90) }],
    ['without marks', { config: { ecn: false }, act: pour(2 * MB) }],
    ['in packets of 1,200 bytes', { config: { maxDatagramSize: 1200 }, act: pour(MB) }],
    ['in small windows of the stream', { ofServer: { initialStreamData: 40_000 }, act: pour(MB) }],
    [
      'in a small window of the connection',
      { ofServer: { initialConnectionData: 40_000 }, act: pour(MB) },
    ],
  ])('%s', (_name, made) => {
    expect(compare(made)).toBeGreaterThan(5);
  });

  it('to the end of the stream, wherever that is', () => {
    for (const bytes of [200_000, 200_001, 142_000, 3 * 1411 + 20_000]) {
      const act: Case['act'] = (world, step) => {
        if (step === 0) world.open(bytes);
        if (step === 6) world.streams[0].finish();
      };
      compare({ act, steps: 60 });
    }
  });

  it('when others come and go in the middle of it', () => {
    const act: Case['act'] = (world, step) => {
      if (step === 0) world.open(MB);
      if (step === 20) world.open(300_000);
      if (step === 25) world.client.connection.sendMessage(new Uint8Array(5000), 0);
      if (step === 30) world.client.connection.sendDatagram(new Uint8Array(700));
      if (step === 40) world.server.connection.sendDatagram(new Uint8Array(700));
      if (step === 50) world.streams[0].reset(7);
      if (step % 60 === 59) world.open(200_000);
    };
    expect(compare({ act, steps: 400, loss: 0.005 })).toBeGreaterThan(50);
  });

  it('with any of that by chance', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const dice = new Rng(seed);
      const acts = Array.from({ length: 150 }, () => ({
        kind: dice.below(12),
        size: dice.below(90_000),
      }));
      const act: Case['act'] = (world, step) => {
        const { kind, size } = acts[step];
        const { client, server, streams } = world;
        const stream = streams.at(-1);
        if (kind === 0 || stream === undefined) world.open(size);
        else if (kind <= 5) stream.write(world.bytes(size));
        else if (kind === 6) client.connection.sendMessage(new Uint8Array(size), 0);
        else if (kind === 7) client.connection.sendDatagram(new Uint8Array(size % 1000));
        else if (kind === 8) server.connection.sendDatagram(new Uint8Array(size % 1000));
        else if (kind === 10) server.connection.openStream(true)?.write(world.bytes(4 * size));
        else if (kind === 11) world.open(size).reset(1);
        else if (kind === 9 && size < 20_000)
          streams.splice(streams.indexOf(stream), 1)[0].finish();
      };
      compare({ act, steps: 150, loss: seed % 3 === 0 ? 0.01 : 0 });
    }
  });
});

describe('a run', () => {
  it('is none where the controller wants to hear of each packet', () => {
    expect(compare({ config: { congestion: 'bbr' }, act: pour(MB) })).toBe(0);
  });

  it('goes on over numbers that are left out', () => {
    const made: Case = { steps: 600, act: pour(12 * MB, 200_000) };
    expect(compare(made)).toBeGreaterThan(1000);
  });
});
