/**
 * The channels of `node:diagnostics_channel` on which endpoints, connections and streams are announced.
 *
 * Published only while somebody listens. Called by everything of the secure transport in `lib/api`.
 *
 * Invariant: what a subscriber throws never reaches a turn: Node hands it to 'uncaughtException'.
 */

import { channel } from 'node:diagnostics_channel';

/** Messages: `{ endpoint }`. */
export const endpointBind = channel('burstwire:endpoint.bind');
export const endpointClose = channel('burstwire:endpoint.close');
/** Messages: `{ connection }`, and for close `{ connection, closed }`. */
export const connectionOpen = channel('burstwire:connection.open');
export const connectionClose = channel('burstwire:connection.close');
/** Messages: `{ endpoint, error }`. */
export const connectionFail = channel('burstwire:connection.fail');
/** Messages: `{ connection, stream }`; `stream.isLocal` says who opened it. */
export const streamOpen = channel('burstwire:stream.open');
