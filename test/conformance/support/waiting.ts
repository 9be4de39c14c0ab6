/**
 * Waiting for something to be so, with an end: a test that hangs says what it waited for.
 *
 * No test is about a time: the deadline only turns a hang into a message.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

/** Long enough for a loaded machine, short enough to be read by somebody. */
const DEADLINE_MS = 10_000;

/** What `promise` gives, or a rejection that says what never came. */
export async function within<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain: ${what()}`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets the loop turn until `holds`; rejects at the deadline. */
export async function until(holds: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what()}`);
    await nextTurn();
  }
}

/** Lets the loop turn `count` times: what is on its way gets its chance. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}
