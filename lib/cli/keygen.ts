/**
 * `burstwire keygen`: makes an identity, prints its public key, keeps its private key in a file.
 *
 * It never prints the private key and never overwrites a file: a lost identity cannot be made again. Called by
 * `main.ts`. The file holds 64 hexadecimal digits and a line end, readable by its owner alone.
 *
 * Invariant: a file that exists before is the same afterwards.
 */

import { writeFileSync } from 'node:fs';
import { generateIdentity } from '../crypto/identity.js';
import { describeFlags, type FlagTable, parseArguments } from './arguments.js';
import type { Output } from './live-line.js';

export const KEYGEN_SUMMARY = 'make an identity: private key into a file, public key to the screen';

const DEFAULT_FILE = 'burstwire.key';
const OWNER_ONLY = 0o600;
const EXIT_FAILED = 1;

const KEYGEN_FLAGS = {
  out: {
    kind: 'text',
    placeholder: 'FILE',
    about: `where the private key goes (default: ${DEFAULT_FILE})`,
  },
} as const satisfies FlagTable;

export function keygenHelp(): string {
  return `usage: burstwire keygen [--out FILE]

Makes a new X25519 key pair. The public key is printed; give it to those who will connect to you.
The private key goes into FILE, 64 hexadecimal digits, mode 0600. A file that exists is never overwritten.

${describeFlags(KEYGEN_FLAGS)}
`;
}

/** Runs the command. Resolves with the exit code: 0 done, 1 the file could not be written. @throws UsageError */
export async function runKeygen(
  given: readonly string[],
  stdout: Output = process.stdout,
  stderr: Output = process.stderr,
): Promise<number> {
  const { out: file = DEFAULT_FILE } = parseArguments(KEYGEN_FLAGS, given);
  const identity = generateIdentity();
  const failure = store(file, identity.privateKey);
  if (failure !== undefined) {
    stderr.write(`burstwire keygen: ${failure}\n`);
    return EXIT_FAILED;
  }
  const publicKey = Buffer.from(identity.publicKey).toString('hex');
  stdout.write(`public key:  ${publicKey}\nprivate key: in ${file}\n`);
  return 0;
}

/** Writes the file; returns why that was not possible. */
function store(file: string, privateKey: Uint8Array): string | undefined {
  const text = Buffer.from(`${Buffer.from(privateKey).toString('hex')}\n`, 'latin1');
  try {
    writeFileSync(file, text, { mode: OWNER_ONLY, flag: 'wx' });
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'EEXIST' ? `${file} exists; it was not touched` : message;
  } finally {
    text.fill(0);
  }
}
