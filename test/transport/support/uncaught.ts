/** Uncaught exceptions that a test means to cause, taken away from the test runner until the test ends. */

import { onTestFinished } from 'vitest';

/** The messages of those that are `expected`, as they come. All others are nobody's: keep `expected` narrow. */
export function catchUncaught(expected: string): string[] {
  const caught: string[] = [];
  const previous = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => {
    if (error.message === expected) caught.push(error.message);
    else for (const listener of previous) listener(error, 'uncaughtException');
  });
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of previous) process.on('uncaughtException', listener);
  });
  return caught;
}
