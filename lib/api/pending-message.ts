/**
 * A message of ours from `sendMessage` to the end of its promise.
 *
 * The bytes go the core's way; here is what the application is told of them. Used by connections.
 *
 * Invariant: the promise settles once, with nothing or with an error that has a stable code.
 */

import type { CloseInfo } from '../core/connection/close-info.js';
import type { Connection as CoreConnection } from '../core/connection/connection.js';
import { detachedBuffer } from './errors.js';
import { ConnectionError, connectionEnded, overLimit } from './transport-errors.js';

/** A message that is under way: the token that the core gives back. */
export interface PendingMessage {
  readonly bytes: Uint8Array;
  /** As it was when the message was given. */
  readonly byteLength: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Gives the core a message. The promise is that of `Connection.sendMessage`. */
export function sendMessage(
  core: CoreConnection,
  bytes: Uint8Array,
  urgency: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { byteLength } = bytes;
    const message: PendingMessage = { bytes, byteLength, resolve, reject };
    const refused = core.sendMessage(bytes, message, urgency);
    if (refused !== 0) reject(refusal(refused, byteLength, core.closed));
  });
}

/** The core is done with a message. `error`: 0, or the code with which it was refused or given up. */
export function settleMessage(
  message: PendingMessage,
  error: number,
  closed: CloseInfo | undefined,
): void {
  if (error === 0) message.resolve();
  else if (closed !== undefined) message.reject(new ConnectionError(closed));
  else if (message.bytes.byteLength !== message.byteLength)
    message.reject(detachedBuffer('sendMessage: bytes'));
  else message.reject(overLimit('ERR_MESSAGE_REFUSED', `the peer refused the message: ${error}`));
}

/** Why the core has not taken a message: see Connection.sendMessage of the core. */
function refusal(refused: number, byteLength: number, closed: CloseInfo | undefined): Error {
  if (refused === -1) {
    const text = `sendMessage: ${byteLength} bytes are above what the peer takes`;
    return overLimit('ERR_MESSAGE_TOO_LARGE', text);
  }
  if (refused === -2) {
    return overLimit('ERR_QUEUE_FULL', 'sendMessage: too many messages are under way');
  }
  return connectionEnded('sendMessage', closed);
}
