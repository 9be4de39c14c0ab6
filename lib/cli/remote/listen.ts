/**
 * The side that waits: its options, its endpoint, the lines that tell others how to reach it, and why it cannot listen.
 *
 * Called by `perf server` and `receive`. Invariant: what the system refuses is said with what to do about it.
 */

import { Endpoint, type EndpointOptions, type Identity } from '../../index.js';
import type { FlagTable } from '../arguments.js';
import { DEFAULT_PORT, RemoteError, targetText } from './dial.js';

/** Options of every command that listens. */
export const LISTEN_FLAGS = {
  port: {
    kind: 'number',
    short: 'p',
    default: DEFAULT_PORT,
    min: 0,
    max: 65_535,
    integer: true,
    about: 'UDP port; 0: any that is free',
  },
  bind: {
    kind: 'text',
    short: 'B',
    placeholder: 'ADDRESS',
    about: 'the address to listen on (default: all)',
  },
  identity: {
    kind: 'text',
    placeholder: 'FILE',
    about: "whose key to have, from 'burstwire keygen' (default: a new one)",
  },
} as const satisfies FlagTable;

interface Place {
  readonly port: number;
  readonly bind: string | undefined;
}

/** @throws RemoteError when the system does not let us listen there */
export async function listen(
  { port, bind }: Place,
  options: EndpointOptions & { readonly identity: Identity },
): Promise<Endpoint> {
  try {
    const address = bind === undefined ? {} : { address: bind };
    return await Endpoint.bind({ port, ...address, ...options });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new RemoteError(whyNot(error as NodeJS.ErrnoException, { port, bind }));
  }
}

/** ADDRESS:PORT as a client types it. */
export function placeText({ address }: Endpoint): string {
  return targetText({ host: address.address, port: address.port });
}

function whyNot({ code, message }: NodeJS.ErrnoException, { port, bind }: Place): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is taken by another program (${message}): --port names another one, 0 any that is free`;
    case 'EACCES':
      return `port ${port} is not for everybody (${message}): --port names another one, from 1024 on`;
    case 'EADDRNOTAVAIL':
      return `no interface here has the address ${bind} (${message}): --bind names one of this machine's`;
    default:
      return `cannot listen: ${message}`;
  }
}
