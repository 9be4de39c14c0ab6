/** `burstwire/dgram` on each engine: the choice is made when it is imported, so it is imported anew. */

import { once } from 'node:events';
import { vi } from 'vitest';
import type * as dgram from '../../lib/dgram.js';

export type Dgram = typeof dgram;

export const ENGINES = ['native', 'dgram'] as const;

export async function loadDgram(engine: (typeof ENGINES)[number]): Promise<Dgram> {
  vi.resetModules();
  vi.stubEnv('BURSTWIRE_ENGINE', engine);
  const loaded = (await import('../../lib/dgram.js')) as Dgram;
  vi.unstubAllEnvs();
  return loaded;
}

/** A socket that is bound to a port of loopback. */
export async function bound(
  dgram: Dgram,
  options: Parameters<Dgram['createSocket']>[0] = 'udp4',
): Promise<dgram.Socket> {
  const socket = dgram.createSocket(options);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** The next `count` messages of a socket. */
export function messages(socket: dgram.Socket, count: number): Promise<Buffer[]> {
  return new Promise((resolve) => {
    const seen: Buffer[] = [];
    socket.on('message', (message) => {
      if (seen.push(message) === count) resolve(seen);
    });
  });
}
