/**
 * Drops of this process's UDP sockets as Linux counts them in /proc/net/udp. Reads one file; opens no socket.
 *
 * Used by every Node receiver of the benchmark, so that `node:dgram`, which has no counter, is treated alike.
 */

import { readFileSync } from 'node:fs';

/** Sum of the drops of the sockets bound to these ports; null where the kernel does not tell. */
export function readKernelDrops(ports: readonly number[]): number | null {
  try {
    return sumDrops(readFileSync('/proc/net/udp', 'utf8'), ports);
  } catch {
    return null;
  }
}

/** The same from the text of the file: `sl local_address rem_address st ... drops`, addresses as HEXIP:HEXPORT. */
export function sumDrops(table: string, ports: readonly number[]): number {
  const wanted = new Set(ports);
  let sum = 0;
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
    if (wanted.has(port)) sum += Number(fields[fields.length - 1]);
  }
  return sum;
}
