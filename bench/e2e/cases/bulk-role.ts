/**
 * One process of a bulk transfer: writes as fast as back-pressure allows, counts what comes, or both.
 *
 * Started by bulk.ts. Invariant: bytes count when the application has them.
 */

import { isServer, openRole, task } from '../role.js';
import type { Channel } from '../transport.js';

const CHUNK = new Uint8Array(64 << 10).fill(0x5a);

function pour(channel: Channel): void {
  const more = (): void => {
    let hasRoom = true;
    while (hasRoom) hasRoom = channel.write(CHUNK);
  };
  channel.onDrain(more);
  more();
}

await openRole((channel, add) => {
  if (isServer || task.isServerPouring) channel.count(add);
  if (!isServer) pour(channel);
  else if (task.isServerPouring) pour(channel);
});
