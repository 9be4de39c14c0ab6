/**
 * The key log: secrets as lines of text, so that captured packets can be read while debugging.
 *
 * Off unless BURSTWIRE_KEYLOG names a file or the application gives a function; whoever has the lines reads everything.
 * It derives no keys and keeps none: the core lends it each traffic secret when its key is installed, and
 * handshake-key-log.ts what it has seen of handshakes. The lines are in the manner of TLS's SSLKEYLOGFILE (RFC 9850);
 * docs/diagnostics.md says what is in them, and tools/wireshark reads them.
 *
 * Invariant: it never stops the program: a file that cannot be written is warned about once and then left alone.
 */

import { appendFileSync } from 'node:fs';
import type { TrafficSecret } from '../core/ports.js';

/** Takes one line, without its line feed. */
export type KeyLog = (line: string) => void;

const OWNER_ONLY = 0o600;
/** The same digits as in the names of qlog files. */
const SESSION_BYTES = 8;
let warned = false;

/** What a decoder needs of one secret; the fields are those of docs/diagnostics.md. */
export function keyLogLine(of: TrafficSecret): string {
  const session = hex(of.handshakeHash.subarray(0, SESSION_BYTES));
  return `BURSTWIRE_TRAFFIC_SECRET ${session} ${of.sender} ${of.phase} ${of.aead} ${hex(of.destinationId)} ${hex(of.secret)}`;
}

/**
 * What an endpoint hands its lines to, or undefined when nobody asks for them. Warns once in a process.
 *
 * @param listener of the application; must not throw
 * @param path the file that BURSTWIRE_KEYLOG names
 */
export function openKeyLog(
  listener: KeyLog | undefined,
  path = process.env.BURSTWIRE_KEYLOG ?? '',
): KeyLog | undefined {
  if (path === '' && listener === undefined) return undefined;
  warnOnce(
    path === ''
      ? "the option 'keyLog' is set: it is given the secrets of all connections of its endpoint. "
      : `BURSTWIRE_KEYLOG is set: the secrets of ALL connections are written to ${path}. `,
  );
  const file = path === '' ? undefined : fileLog(path);
  return (line) => {
    file?.(line);
    listener?.(line);
  };
}

function warnOnce(what: string): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    `${what}Whoever reads them can read every packet. Never do this in production.`,
    { type: 'SecurityWarning', code: 'BURSTWIRE_KEYLOG' },
  );
}

function fileLog(path: string): KeyLog {
  let broken = false;
  return (line) => {
    if (broken) return;
    try {
      appendFileSync(path, `${line}\n`, { mode: OWNER_ONLY });
    } catch (error) {
      broken = true;
      const { message } = error as Error;
      process.emitWarning(`the key log ended: ${message}`, { code: 'BURSTWIRE_KEYLOG_FAILED' });
    }
  };
}

/** Bytes as the fields of a line have them. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
