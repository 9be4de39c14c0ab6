/**
 * Who is who on the command line: keys as they are printed and typed, and identities in files.
 *
 * A key is 64 hexadecimal digits. One that `burstwire receive` prints carries 32 more behind a hyphen: a secret of that
 * run, from which both sides make the handshake's pre-shared key, so that only who was told may connect. Called by
 * `perf`, `send` and `receive`. Writes nothing.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { generateIdentity, type Identity, identityFromPrivateKey } from '../../index.js';
import { UsageError } from '../arguments.js';

export interface Ticket {
  readonly publicKey: Uint8Array;
  /** The handshake's pre-shared key, when the printed key carries a secret. */
  readonly preSharedKey: Uint8Array | undefined;
}

const TICKET = /^([0-9a-f]{64})(?:-([0-9a-f]{32}))?$/i;
const SECRET_CONTEXT = 'burstwire receive: pre-shared key of a printed secret\n';

/** @throws UsageError */
export function parseTicket(option: string, text: string): Ticket {
  const match = TICKET.exec(text);
  if (match === null) {
    throw new UsageError(
      `${option} must be the 64 hexadecimal digits that were printed, not '${text}'`,
    );
  }
  const publicKey = Buffer.from(match[1], 'hex');
  return { publicKey, preSharedKey: match[2] === undefined ? undefined : secretKey(match[2]) };
}

/** The pre-shared key of a secret of 32 hexadecimal digits. */
export function secretKey(secret: string): Uint8Array {
  return createHash('sha256').update(SECRET_CONTEXT).update(secret.toLowerCase()).digest();
}

/** A public key as it is printed. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}

/**
 * The identity in a file of `burstwire keygen`; without a file a new one.
 *
 * @throws UsageError
 */
export function readIdentity(file: string | undefined): Identity {
  if (file === undefined) return generateIdentity();
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`--identity: ${(error as Error).message}`);
  }
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new UsageError(
      `--identity: ${file} holds no private key as 'burstwire keygen' writes it`,
    );
  }
  return identityFromPrivateKey(Buffer.from(text, 'hex'));
}

/**
 * Whether a peer may connect: one of the listed keys, or anybody when none is listed.
 *
 * @throws UsageError
 */
export function allowOnly(
  listed: readonly string[],
): ((publicKey: Uint8Array) => boolean) | undefined {
  if (listed.length === 0) return undefined;
  const keys = new Set(listed.map((text) => keyText(parseTicket('--allow', text).publicKey)));
  return (publicKey) => keys.has(keyText(publicKey));
}
