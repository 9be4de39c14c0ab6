/**
 * `burstwire receive [DIR]`: waits for a file and puts it into a folder.
 *
 * Called by the command line's dispatcher. Exit codes: 0 received, 1 it cannot listen, 2 wrong arguments (by the
 * dispatcher), 130 interrupted. It waits on after what was refused or broken off, so that the sender can come back with
 * the same key. Invariant: only who knows the printed key, or is listed in --allow, can send; --trust any says otherwise.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Connection, Endpoint, TransportStream } from '../../index.js';
import { describeFlags, type FlagTable, parseWithOperands, UsageError } from '../arguments.js';
import { formatBytes } from '../bench/format.js';
import { EXIT_INTERRUPTED, Interrupt } from '../interrupt.js';
import type { Output } from '../live-line.js';
import { RemoteError, targetText } from '../remote/dial.js';
import { allowOnly, keyText, readIdentity, secretKey } from '../remote/keys.js';
import { Lines, printable } from '../remote/lines.js';
import { LISTEN_FLAGS, listen, placeText } from '../remote/listen.js';
import { CODE_GIVEN_UP, CODE_REFUSED, Refusal } from './offer.js';
import { receiveFile } from './receiving.js';

const RECEIVE_FLAGS = {
  ...LISTEN_FLAGS,
  force: { kind: 'switch', about: 'replace files that exist, and parts of others' },
  keep: { kind: 'switch', about: 'wait for more after the first file' },
  allow: {
    kind: 'list',
    placeholder: 'KEYS',
    about: 'public keys of those who may send, instead of a secret in the printed key',
  },
  trust: { kind: 'choice', choices: ['any'], about: "'any': whoever reaches this port may send" },
  timeout: {
    kind: 'number',
    default: 10,
    min: 1,
    max: 3600,
    about: 'seconds of silence after which a sender is gone',
  },
} as const satisfies FlagTable;

export const RECEIVE_SUMMARY = 'receive a file from another machine';
const EXIT_FAILED = 1;
const SECRET_BYTES = 16;
const CONNECTIONS_MAX = 16;
/** For a sender to make its offer, and to close in the end. */
const PATIENCE_MS = 5000;

export function receiveHelp(): string {
  return `usage: burstwire receive [DIR] [options]

Waits for one file of 'burstwire send' and puts it into DIR (default: the current folder; made when it is not there).
Prints the key that the sender needs; it carries a secret, so only who has been told can send. Until it is whole and
its SHA-256 is the sender's, a file is NAME.part; a sender that comes again goes on with it.

${describeFlags(RECEIVE_FLAGS)}
`;
}

/** @throws UsageError */
export async function runReceive(
  given: readonly string[],
  stdout: Output = process.stdout,
  stderr: Output = process.stderr,
): Promise<number> {
  const { flags, operands } = parseWithOperands(RECEIVE_FLAGS, given, ['[DIR]']);
  const folder = checkFolder(operands[0] ?? '.');
  if (flags.allow.length > 0 && flags.trust !== undefined) {
    throw new UsageError('--allow and --trust exclude each other');
  }
  const authorize = allowOnly(flags.allow);
  const isOpen = authorize !== undefined || flags.trust === 'any';
  const secret = isOpen ? undefined : randomBytes(SECRET_BYTES).toString('hex');
  const identity = readIdentity(flags.identity);
  const interrupt = new Interrupt();
  const timeoutMs = Math.round(flags.timeout * 1000);
  try {
    const endpoint = await listen(flags, {
      identity,
      maxConnections: CONNECTIONS_MAX,
      maxStreams: 4,
      idleTimeout: timeoutMs,
      keepAlive: Math.ceil(timeoutMs / 3),
      ...(authorize === undefined ? {} : { authorize }),
      ...(secret === undefined ? {} : { preSharedKey: secretKey(secret) }),
    });
    const receiver = new Receiver(endpoint, { folder, force: flags.force }, stdout, stderr);
    const key = `${keyText(identity.publicKey)}${secret === undefined ? '' : `-${secret}`}`;
    stdout.write(`listening on ${placeText(endpoint)}, into ${folder}\nkey ${key}\n`);
    const done = flags.keep ? new Promise<never>(() => {}) : receiver.first;
    const wasInterrupted = await Promise.race([
      done.then(() => false),
      interrupt.happened.then(() => true),
    ]);
    if (wasInterrupted) stderr.write('interrupted\n');
    await endpoint.close({ code: wasInterrupted ? CODE_GIVEN_UP : 0, reason: 'the receiver ends' });
    await receiver.settled();
    return wasInterrupted ? EXIT_INTERRUPTED : 0;
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    stderr.write(`burstwire receive: ${error.message}\n`);
    return EXIT_FAILED;
  } finally {
    interrupt.release();
  }
}

/** A folder that is not there is made; the one that it is in must be. */
function checkFolder(given: string): string {
  const folder = resolve(given);
  try {
    if (!existsSync(folder)) mkdirSync(folder);
    if (statSync(folder).isDirectory()) return folder;
  } catch (error) {
    throw new UsageError(`DIR: ${(error as Error).message}`);
  }
  throw new UsageError(`DIR: ${folder} is no folder`);
}

/** Takes one file at a time; who comes meanwhile is told so. */
class Receiver {
  /** Resolves when a file has arrived. */
  readonly first: Promise<void>;
  #onFirst: () => void = () => {};
  #current: Promise<void> | undefined;
  readonly #options: { readonly folder: string; readonly force: boolean };
  readonly #stdout: Output;
  readonly #stderr: Output;

  constructor(
    endpoint: Endpoint,
    options: { readonly folder: string; readonly force: boolean },
    stdout: Output,
    stderr: Output,
  ) {
    this.#options = options;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.first = new Promise((resolve) => {
      this.#onFirst = resolve;
    });
    endpoint.on('connection', (connection) => {
      const timer = setTimeout(() => void connection.destroy({ code: CODE_REFUSED }), PATIENCE_MS);
      void connection.closed.then(() => clearTimeout(timer));
      connection.once('stream', (stream) => {
        clearTimeout(timer);
        stream.on('error', () => {});
        this.#onStream(connection, stream);
      });
    });
  }

  /** What was being received has come to an end, and its file is closed. */
  async settled(): Promise<void> {
    await this.#current;
  }

  #onStream(connection: Connection, stream: TransportStream): void {
    const lines = new Lines(stream);
    if (stream.unidirectional) {
      void connection.destroy({ code: CODE_REFUSED });
      return;
    }
    if (this.#current !== undefined) {
      lines.say({ refused: 'another file is being received' });
      void connection.close({ code: CODE_REFUSED });
      return;
    }
    this.#current = this.#take(connection, lines).finally(() => {
      this.#current = undefined;
    });
  }

  async #take(connection: Connection, lines: Lines): Promise<void> {
    const { address, port } = connection.remoteAddress;
    const sender = targetText({ host: address, port });
    try {
      const { path, bytes, from, sha256 } = await receiveFile(lines, {
        ...this.#options,
        stderr: this.#stderr,
      });
      const resumed = from > 0 ? `, ${formatBytes(from)} of them from an earlier try` : '';
      this.#stdout.write(`received ${path}: ${formatBytes(bytes)}${resumed}; SHA-256 ${sha256}\n`);
      lines.stream.end();
      // The sender closes when it has read the verdict.
      const timer = setTimeout(() => void connection.close(), PATIENCE_MS);
      await connection.closed;
      clearTimeout(timer);
      this.#onFirst();
    } catch (error) {
      const why = printable((error as Error).message);
      const verb = error instanceof Refusal ? 'refused' : 'broken off';
      this.#stderr.write(`from ${sender}: ${verb}: ${why}\n`);
      await connection.close({ code: CODE_REFUSED, reason: why.slice(0, 100) });
    }
  }
}
