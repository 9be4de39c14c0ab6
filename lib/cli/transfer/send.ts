/**
 * `burstwire send FILE HOST[:PORT]`: sends one file to a `burstwire receive`, and says whether it arrived.
 *
 * Called by the command line's dispatcher. Exit codes: 0 arrived and its SHA-256 is the same there, 1 it did not, 2 wrong
 * arguments (by the dispatcher), 130 interrupted. Invariant: 0 is never said without the receiver's own SHA-256.
 */

import { once } from 'node:events';
import { basename } from 'node:path';
import { type Connection, Endpoint } from '../../index.js';
import { describeFlags, type FlagTable, parseWithOperands } from '../arguments.js';
import { formatBytes } from '../bench/format.js';
import { EXIT_INTERRUPTED, Interrupt } from '../interrupt.js';
import type { Output } from '../live-line.js';
import { DIAL_FLAGS, dial, parseTarget, parseTrust, RemoteError } from '../remote/dial.js';
import { readIdentity } from '../remote/keys.js';
import { Lines, type Said, SpeechError } from '../remote/lines.js';
import {
  CODE_GIVEN_UP,
  CODE_REFUSED,
  digestOf,
  PROTOCOL,
  Refusal,
  throwIfRefused,
  wholeOf,
} from './offer.js';
import { LocalError, SourceFile } from './source-file.js';
import { TransferBar } from './transfer-bar.js';

const SEND_FLAGS = {
  bitrate: {
    kind: 'bitrate',
    short: 'b',
    min: 8000,
    max: 1e12,
    about: 'bits/s at most (default: what the path takes)',
  },
  ...DIAL_FLAGS,
} as const satisfies FlagTable;

export const SEND_SUMMARY = 'send a file to another machine';
const EXIT_FAILED = 1;
/** For the receiver's reason, when the connection is over already. */
const REASON_MS = 1000;

export function sendHelp(): string {
  return `usage: burstwire send FILE HOST[:PORT] --key KEY [options]

Sends FILE to 'burstwire receive' on HOST, which prints the key. What is there already of an earlier try is not
sent again, if it is the same; SHA-256 of the whole file is compared at the end.

${describeFlags(SEND_FLAGS)}
`;
}

/** @throws UsageError */
export async function runSend(
  given: readonly string[],
  stdout: Output = process.stdout,
  stderr: Output = process.stderr,
): Promise<number> {
  const { flags, operands } = parseWithOperands(SEND_FLAGS, given, ['FILE', 'HOST']);
  const target = parseTarget(operands[1], flags.port);
  const ticket = parseTrust(flags);
  const identity = readIdentity(flags.identity);
  const interrupt = new Interrupt();
  const timeoutMs = Math.round(flags.timeout * 1000);
  let file: SourceFile | undefined;
  let endpoint: Endpoint | undefined;
  try {
    file = await SourceFile.open(operands[0]);
    endpoint = await Endpoint.bind({
      identity,
      idleTimeout: timeoutMs,
      keepAlive: Math.ceil(timeoutMs / 3),
      connectionRateLimit: Math.floor(flags.bitrate / 8),
      ...(ticket?.preSharedKey === undefined ? {} : { preSharedKey: ticket.preSharedKey }),
    });
    const { signal } = interrupt;
    const options = { ticket, timeoutSeconds: flags.timeout, signal };
    const connection = await dial(endpoint, target, options);
    signal.addEventListener('abort', () => {
      void connection.destroy({ code: CODE_GIVEN_UP, reason: 'the sender gave up' });
    });
    if (signal.aborted) void connection.destroy({ code: CODE_GIVEN_UP });
    const sending = new Sending(file, basename(operands[0]), connection, stderr);
    const { from, sha256 } = await sending.run();
    const resumed = from > 0 ? `, of which ${formatBytes(from)} were there already` : '';
    stdout.write(
      `sent ${formatBytes(file.size)}${resumed}; SHA-256 is the same there: ${sha256}\n`,
    );
    return 0;
  } catch (error) {
    if (interrupt.isPending) {
      const kept = endpoint === undefined ? '' : '; the same command goes on with what has arrived';
      stderr.write(`interrupted${kept}\n`);
      return EXIT_INTERRUPTED;
    }
    stderr.write(`burstwire send: ${explain(error as Error)}\n`);
    return EXIT_FAILED;
  } finally {
    await endpoint?.close();
    await file?.close();
    interrupt.release();
  }
}

/** In words; what is a bug of ours is thrown. */
function explain(error: Error & { readonly code?: unknown; readonly syscall?: string }): string {
  if (error instanceof Refusal) return `the receiver does not take it: ${error.message}`;
  const isKnown =
    error instanceof RemoteError ||
    error instanceof LocalError ||
    error instanceof SpeechError ||
    error.syscall !== undefined;
  if (isKnown) return error.message;
  const { code } = error;
  const isRemote = typeof code === 'string' && /^ERR_(CONNECTION|STREAM)_/.test(code);
  if (isRemote) return `it did not arrive: ${error.message}`;
  throw error;
}

class Sending {
  readonly #file: SourceFile;
  readonly #name: string;
  readonly #connection: Connection;
  readonly #stderr: Output;

  constructor(file: SourceFile, name: string, connection: Connection, stderr: Output) {
    this.#file = file;
    this.#name = name;
    this.#connection = connection;
    this.#stderr = stderr;
  }

  async run(): Promise<{ readonly from: number; readonly sha256: string }> {
    const { size } = this.#file;
    const stream = this.#connection.openStream();
    // What ends it rejects what waits for it.
    stream.on('error', () => {});
    const lines = new Lines(stream);
    lines.say({ burstwireFile: PROTOCOL, name: this.#name, size });
    const there = throwIfRefused(await lines.expect());
    const have = wholeOf(there, 'have');
    const isSame = have <= size && (await this.#file.hashTo(have)) === digestOf(there);
    const from = isSame ? have : 0;
    if (!isSame) this.#file.restart();
    lines.say({ from });
    throwIfRefused(await lines.expect());
    const verdict = lines.expect();
    verdict.catch(() => {});
    try {
      await this.#pour(lines, from);
      await this.#file.checkUnchanged();
      lines.say({ sha256: this.#file.digest() });
      stream.end();
      const theirs = digestOf(throwIfRefused(await verdict));
      const sha256 = this.#file.digest();
      if (theirs !== sha256)
        throw new SpeechError(`SHA-256 differs: ${sha256} here, ${theirs} there`);
      await this.#connection.close();
      return { from, sha256 };
    } catch (error) {
      if (error instanceof LocalError) {
        void this.#connection.destroy({ code: CODE_REFUSED, reason: error.message });
        throw error;
      }
      // The receiver may have said why before it went.
      const said = await Promise.race([verdict, sleep(REASON_MS)]).catch(() => undefined);
      if (said !== undefined) throwIfRefused(said as Said);
      throw error;
    }
  }

  async #pour(lines: Lines, from: number): Promise<void> {
    const { size } = this.#file;
    const { stream } = lines;
    const before = stream.bytesAcknowledged;
    const acknowledged = (): number => from + stream.bytesAcknowledged - before;
    const read = (): number => Math.min(size, acknowledged());
    const bar = new TransferBar(this.#stderr, this.#name, size, read);
    try {
      for (;;) {
        const chunk = await this.#file.next();
        if (chunk === undefined) break;
        if (stream.errored !== null) throw stream.errored;
        if (!stream.write(chunk)) await once(stream, 'drain');
      }
    } finally {
      bar.clear();
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
