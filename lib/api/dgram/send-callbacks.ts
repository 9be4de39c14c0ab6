/**
 * Callbacks of sends: they wait until the batch has left, then run one after the other, each in the async context of the
 * call that it was given to (async_hooks: UDPSENDWRAP).
 *
 * Called by `socket`. Invariant: each runs once, in order, on a tick of its own batch; what one throws does not keep the
 * next from running.
 */

import { AsyncResource } from 'node:async_hooks';
import type { Settled } from '../../io/facade/handle.js';
import { addressError } from './errors.js';

export type SendCallback = (error: Error | null, bytes?: number) => void;

interface Due {
  readonly resource: AsyncResource;
  readonly callback: SendCallback;
  readonly error: Error | null;
  readonly bytes: number;
}

let due: Due[] = [];

/** What the outbox tells the fate of a datagram to. `address` and `port` name it in an error. */
export function settleLater(
  callback: SendCallback,
  address: string | undefined,
  port: number | undefined,
): Settled {
  const resource = new AsyncResource('UDPSENDWRAP');
  return (errno, bytes) => {
    const error = errno < 0 ? addressError(errno, 'send', address, port) : null;
    if (due.length === 0) process.nextTick(runDue);
    due.push({ resource, callback, error, bytes });
  };
}

function runDue(): void {
  const batch = due;
  due = [];
  let ran = 0;
  try {
    for (; ran < batch.length; ) {
      const { resource, callback, error, bytes } = batch[ran++] as Due;
      if (error === null) resource.runInAsyncScope(callback, undefined, null, bytes);
      else resource.runInAsyncScope(callback, undefined, error);
    }
  } finally {
    if (ran < batch.length) {
      due = [...batch.slice(ran), ...due];
      process.nextTick(runDue);
    }
  }
}
