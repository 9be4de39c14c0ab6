/**
 * The `shard` option of an endpoint: which one of several behind one port it is, and on which socket.
 *
 * It opens nothing. Called by `parseEndpointOptions`; made by `ShardGroup`.
 *
 * Invariant: what comes out is a place that exists, and a descriptor only where there is a port to compare it with.
 */

import { SHARDS_MAX } from '../core/endpoint/shard.js';
import type { BindConfig } from './bind-options.js';
import { OptionError, show } from './errors.js';
import { type OptionTable, parseOptions } from './option-table.js';

/** One of several endpoints of one identity behind one port. Plain data: it may be sent to a worker or a process. */
export interface ShardOptions {
  /** Which one, 0 to count - 1. No two live endpoints of a port have the same. */
  readonly index: number;
  /** How many there are, 1 to 256; the same for all. */
  readonly count: number;
  /**
   * The descriptor of the shard's socket, held by a `ShardGroup`; the endpoint takes another one of the same socket. `null`:
   * the group has none, for a reason that it has told. Left out: this endpoint binds a socket of its own, and the kernel
   * spreads peers over those by hashing their address and port, so that a peer loses its connection with either.
   */
  readonly fd?: number | null | undefined;
}

const isDescriptor = (value: unknown): value is number | null =>
  value === null || (Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31);

/** The rules behind `ShardOptions`. */
export const SHARD_OPTIONS = {
  index: { kind: 'integer', default: -1, min: 0, max: SHARDS_MAX - 1, doc: 'which shard' },
  count: { kind: 'integer', default: 0, min: 1, max: SHARDS_MAX, doc: 'how many there are' },
  fd: {
    kind: 'checked',
    expected: 'a descriptor, or null',
    accepts: isDescriptor,
    doc: 'the socket of the shard',
  },
} as const satisfies OptionTable;

/**
 * Checks the option. `bind`: what the endpoint is bound with.
 *
 * @throws OptionError with any of its codes
 */
export function parseShard(given: unknown, bind: BindConfig): ShardOptions | undefined {
  if (given === undefined) return undefined;
  const { values } = parseOptions("Endpoint.bind, option 'shard'", SHARD_OPTIONS, given);
  const { index, count, fd } = values;
  if (index < 0 || index >= count) {
    throw new OptionError(
      'ERR_OPTION_RANGE',
      'shard',
      given,
      `Endpoint.bind: option 'shard' needs an index below its count, not ${show(given)}`,
    );
  }
  if (!bind.reusePort || bind.port === 0) {
    const [name, value] = bind.reusePort ? ['port', bind.port] : ['reusePort', bind.reusePort];
    throw new OptionError(
      'ERR_OPTION_CONFLICT',
      name,
      value,
      `Endpoint.bind: option 'shard' needs 'reusePort' and the port that all shards have, not ${name} ${show(value)}`,
    );
  }
  return Object.freeze(fd === undefined ? { index, count } : { index, count, fd });
}
