/**
 * The `from` of a send: which local address a datagram leaves from (IP_PKTINFO, ip(7); IPV6_PKTINFO, RFC 3542).
 *
 * Called by `Sender` and `SendBatch` once for each call that names a source.
 *
 * Invariant: the destination's id survives whatever code the source's getters run.
 */

import { PEER_INTS, PEER_PINS } from '../batch/layout.js';
import { type AddressBook, NOT_A_PORT } from '../io/address-book.js';
import type { BatchSocket } from '../io/batch-socket.js';
import { resolveAddress } from './destination.js';
import { show, withCode } from './errors.js';

/**
 * The id of a source address; 0 for none. Its port is of no use, so any will do, or none.
 *
 * @param remote the id of the destination, or of the first one
 * @throws as `resolveAddress`, and TypeError ERR_INVALID_ADDRESS when the two are not of one family
 */
export function resolveSource(
  engine: BatchSocket,
  book: AddressBook,
  from: unknown,
  remote: number,
): number {
  if (from === undefined) return 0;
  const columns = engine.peers.columns;
  const pin = remote * PEER_INTS + PEER_PINS;
  columns[pin]++;
  try {
    const id = idOfSource(book, from, engine.local.port);
    const source = book.addressOf(id);
    const destination = book.addressOf(remote);
    if (source.family === destination.family) return id;
    const text = `from ${show(source.address)} cannot reach ${show(destination.address)}: not of one family`;
    throw withCode(new TypeError(text), 'ERR_INVALID_ADDRESS');
  } finally {
    columns[pin]--;
  }
}

function idOfSource(book: AddressBook, from: unknown, port: number): number {
  const id = book.idOf(from);
  if (id > 0) return id;
  if (id !== NOT_A_PORT) return resolveAddress(book, from, 'from');
  return resolveAddress(book, { address: book.rejectedAddress, port }, 'from');
}
