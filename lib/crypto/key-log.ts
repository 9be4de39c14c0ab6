/**
 * The key log: traffic secrets written to a file, so that captured packets can be read while debugging.
 *
 * Off unless BURSTWIRE_KEYLOG names a file; whoever has that file reads everything. It derives no keys: the caller
 * hands it each traffic secret when a key is installed. One line each (as TLS's SSLKEYLOGFILE, RFC 9850):
 *
 *     BURSTWIRE_TRAFFIC_SECRET <label> <connection id, hexadecimal> <secret, hexadecimal>
 *
 * Invariant: it never stops the program: a file that cannot be written is warned about once and then left alone.
 */

import { appendFileSync } from 'node:fs';

/**
 * Writes one secret.
 *
 * @param label whose packets and which phase, e.g. `initiator-0`: letters, digits and hyphens
 * @param connectionId as in the header of the packets that the secret protects
 */
export type KeyLog = (label: string, connectionId: Uint8Array, secret: Uint8Array) => void;

const OWNER_ONLY = 0o600;
let warned = false;

/** The log that BURSTWIRE_KEYLOG asks for, or undefined. Warns once in a process when there is one. */
export function openKeyLog(path = process.env.BURSTWIRE_KEYLOG ?? ''): KeyLog | undefined {
  if (path === '') return undefined;
  if (!warned) {
    warned = true;
    process.emitWarning(
      `BURSTWIRE_KEYLOG is set: the secrets of ALL connections are written to ${path}. ` +
        'Whoever reads that file can read every packet. Never do this in production.',
      { type: 'SecurityWarning', code: 'BURSTWIRE_KEYLOG' },
    );
  }
  let broken = false;
  return (label, connectionId, secret) => {
    if (broken) return;
    const line = `BURSTWIRE_TRAFFIC_SECRET ${label} ${hex(connectionId)} ${hex(secret)}\n`;
    try {
      appendFileSync(path, line, { mode: OWNER_ONLY });
    } catch (error) {
      broken = true;
      const { message } = error as Error;
      process.emitWarning(`the key log ended: ${message}`, { code: 'BURSTWIRE_KEYLOG_FAILED' });
    }
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
