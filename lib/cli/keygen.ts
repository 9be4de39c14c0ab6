/**
 * `burstwire keygen`: makes an identity, prints its public key, keeps its private key in a file.
 *
 * It never prints the private key and never overwrites a file: a lost identity cannot be made again. Called by
 * `main.ts`. The file holds 64 hexadecimal digits and a line end, readable by its owner alone.
 *
 * Invariant: a file that exists before is the same afterwards.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generateIdentity } from '../crypto/identity.js';

export const KEYGEN_SUMMARY = 'make an identity: private key into a file, public key to the screen';

const DEFAULT_FILE = 'burstwire.key';
const OWNER_ONLY = 0o600;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Where the command writes; tests bring their own. */
export interface KeygenOutput {
  out(text: string): void;
  error(text: string): void;
}

const PROCESS_OUTPUT: KeygenOutput = {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
};

export function keygenHelp(): string {
  return `usage: burstwire keygen [--out FILE]

Makes a new X25519 key pair. The public key is printed; give it to those who will connect to you.
The private key goes into FILE (default ${DEFAULT_FILE}), 64 hexadecimal digits, mode 0600. A file that
exists is never overwritten.

  --out FILE  where the private key goes
  --help      this text
`;
}

/** Runs the command. Resolves with the exit code: 0 done, 1 the file could not be written, 2 wrong arguments. */
export async function runKeygen(
  given: readonly string[],
  output: KeygenOutput = PROCESS_OUTPUT,
): Promise<number> {
  const parsed = parse(given);
  if (typeof parsed === 'string') {
    output.error(`burstwire keygen: ${parsed}\n\n${keygenHelp()}`);
    return EXIT_USAGE;
  }
  if (parsed.help) {
    output.out(keygenHelp());
    return 0;
  }
  const identity = generateIdentity();
  const failure = store(parsed.file, identity.privateKey);
  if (failure !== undefined) {
    output.error(`burstwire keygen: ${failure}\n`);
    return EXIT_FAILED;
  }
  const publicKey = Buffer.from(identity.publicKey).toString('hex');
  output.out(`public key:  ${publicKey}\nprivate key: in ${parsed.file}\n`);
  return 0;
}

/** The arguments, or what is wrong with them. */
function parse(given: readonly string[]): { file: string; help: boolean } | string {
  try {
    const { values } = parseArgs({
      args: [...given],
      options: {
        out: { type: 'string', default: DEFAULT_FILE },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.out === '') return '--out needs a value';
    return { file: values.out, help: values.help };
  } catch (error) {
    return (error as Error).message;
  }
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
