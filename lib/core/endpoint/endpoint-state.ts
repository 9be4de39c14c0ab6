/**
 * The parts of one endpoint that more than one of its passes needs.
 *
 * It holds them and joins them, and moves nothing: the passes (receive-pass, other-rows, transmit-pass) work on it, and
 * `endpoint.ts` gives them their turns.
 *
 * Invariant: a part is made once and never exchanged, so a pass may keep it.
 */

import type { Connection } from '../connection/connection.js';
import type { ConnectionHost } from '../connection/connection-host.js';
import { EventRing } from '../event-ring.js';
import type { Random } from '../ports.js';
import { Admission } from './admission.js';
import { ConnectionTable } from './connection-table.js';
import { DeadlineWheel } from './deadline-wheel.js';
import { EndpointCounts } from './endpoint-counts.js';
import type { EndpointOptions } from './endpoint-options.js';
import { FaultGuard } from './fault-guard.js';
import { HandshakeQueue } from './handshake-queue.js';
import { ReadyQueue } from './ready-queue.js';
import { ResetTokens } from './reset-tokens.js';
import { Shard } from './shard.js';
import { StatelessReset } from './stateless-reset.js';

const PLACE_BYTES = 16;

export class EndpointState {
  readonly options: EndpointOptions;
  readonly events = new EventRing();
  readonly counts = new EndpointCounts();
  readonly wheel = new DeadlineWheel();
  readonly ready = new ReadyQueue();
  readonly table: ConnectionTable;
  readonly admission: Admission;
  readonly handshakeQueue: HandshakeQueue;
  readonly resetTokens: ResetTokens;
  readonly resets: StatelessReset;
  readonly shard: Shard | undefined;
  readonly guard: FaultGuard;

  /**
   * Throws TypeError and RangeError for keys and lists of the wrong size.
   *
   * @param host what the connections are told to ask
   * @param release takes a connection out of the endpoint, whatever state it is in. Never throws.
   */
  constructor(
    options: EndpointOptions,
    host: ConnectionHost,
    release: (connection: Connection, nowUs: number) => void,
  ) {
    this.options = options;
    this.shard = options.shard && new Shard(options.shard, options.random);
    const { config, random, nowUs, primitives, identity, addresses } = options;
    this.resetTokens = new ResetTokens(random, primitives.equal);
    this.resets = new StatelessReset(
      primitives,
      identity,
      options.resetPlace ?? randomPlace(random),
      random,
      addresses,
      this.counts,
      nowUs,
    );
    this.table = new ConnectionTable(config.maxConnections, random);
    this.guard = new FaultGuard(this.counts, release, options.onFault);
    this.admission = new Admission(
      options,
      this.table,
      this.events,
      host,
      this.counts,
      this.guard,
      this.shard,
    );
    this.handshakeQueue = new HandshakeQueue(this.admission, addresses, this.counts, this.guard);
  }
}

function randomPlace(random: Random): Uint8Array {
  const place = new Uint8Array(PLACE_BYTES);
  random.fill(place);
  return place;
}
