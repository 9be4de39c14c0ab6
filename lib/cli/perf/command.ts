/**
 * `burstwire perf`: finds out which side is wanted. Called by the command line's dispatcher.
 */

import { describeFlags, UsageError } from '../arguments.js';
import { runClient } from './client.js';
import { CLIENT_FLAGS } from './client-flags.js';
import { runServer, SERVER_FLAGS } from './server.js';

export const PERF_SUMMARY = 'measure throughput, latency and loss between two machines';

const SERVER_USAGE = 'usage: burstwire perf server [options]';
const CLIENT_USAGE = 'usage: burstwire perf client HOST[:PORT] --key KEY [options]';

/** @param given what follows 'perf': the help of one side, or of both */
export function perfHelp(given: readonly string[] = []): string {
  const server = `${SERVER_USAGE}

Waits for clients and prints the key by which they know it. One test at a time. Port and address are open to
everybody who can reach them, unless --allow says who.

${describeFlags(SERVER_FLAGS)}
`;
  const client = `${CLIENT_USAGE}

Sends to a server as fast as it goes (or receives with -R, or both), or asks and waits for answers (--latency).
A report a second on stdout, a table at the end. Rates count payload.

${describeFlags(CLIENT_FLAGS)}
`;
  if (given[0] === 'server') return server;
  if (given[0] === 'client') return client;
  return `${SERVER_USAGE}
${CLIENT_USAGE.replace('usage:', '      ')}

Measures between two machines, in the habits of iperf3.
'burstwire perf server --help' and 'burstwire perf client --help' tell more.
`;
}

/** @throws UsageError */
export async function runPerf(given: readonly string[]): Promise<number> {
  const [side, ...rest] = given;
  if (side === 'server') return runServer(rest);
  if (side === 'client') return runClient(rest);
  throw new UsageError(
    side === undefined ? "'server' or 'client' is missing" : `'server' or 'client', not '${side}'`,
  );
}
