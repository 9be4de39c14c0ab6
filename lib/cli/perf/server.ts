/**
 * `burstwire perf server`: takes one test after the other, says what it has measured.
 *
 * Called by perf/command. One test at a time, as iperf3: a second client is told that the server is busy. Invariant: a
 * client can hold the server no longer than --max-time and a few seconds, and can make it keep no more than the limits
 * of parameters.ts.
 */

import type { Connection, Endpoint, TransportStream } from '../../index.js';
import { type FlagTable, parseArguments } from '../arguments.js';
import { EXIT_INTERRUPTED, Interrupt } from '../interrupt.js';
import type { Output } from '../live-line.js';
import { RemoteError, targetText } from '../remote/dial.js';
import { allowOnly, keyText, readIdentity } from '../remote/keys.js';
import { Lines, printable, type Said, SpeechError } from '../remote/lines.js';
import { LISTEN_FLAGS, listen, placeText } from '../remote/listen.js';
import { describeSystem } from '../remote/system.js';
import { LIMITS, type Parameters, PROTOCOL, readParameters, STREAMS_MAX } from './parameters.js';
import { describeServed } from './report.js';
import { ServerTest } from './server-test.js';

export const SERVER_FLAGS = {
  ...LISTEN_FLAGS,
  allow: {
    kind: 'list',
    placeholder: 'KEYS',
    about: 'public keys of those who may connect, with commas between (default: everybody)',
  },
  'one-off': { kind: 'switch', short: '1', about: 'end after one test' },
  'max-time': {
    kind: 'number',
    default: 3600,
    min: 1,
    max: LIMITS.seconds.max,
    about: 'seconds that a test may take',
  },
  json: { kind: 'switch', short: 'J', about: 'one line of JSON on stdout for each test' },
} as const satisfies FlagTable;

type Flags = ReturnType<typeof parseArguments<typeof SERVER_FLAGS>>;

/** For a connection to say what it wants. */
const HELLO_MS = 5000;
/** For the client to close after the result. */
const FAREWELL_MS = 2000;
const CONNECTIONS_MAX = 256;
const EXIT_FAILED = 1;

/** @throws UsageError */
export async function runServer(
  given: readonly string[],
  stdout: Output = process.stdout,
  stderr: Output = process.stderr,
): Promise<number> {
  const flags = parseArguments(SERVER_FLAGS, given);
  const authorize = allowOnly(flags.allow);
  const identity = readIdentity(flags.identity);
  const interrupt = new Interrupt();
  try {
    const endpoint = await listen(flags, {
      identity,
      maxStreams: STREAMS_MAX + 8,
      maxConnections: CONNECTIONS_MAX,
      ...(authorize === undefined ? {} : { authorize }),
    });
    const said = flags.json ? stderr : stdout;
    const server = new Server(endpoint, flags, { stdout, said, signal: interrupt.signal });
    said.write(`listening on ${placeText(endpoint)}\nkey ${keyText(identity.publicKey)}\n`);
    const code = await Promise.race([
      server.finished,
      interrupt.happened.then(() => EXIT_INTERRUPTED),
    ]);
    if (code === EXIT_INTERRUPTED) {
      said.write('\ninterrupted\n');
      await server.settled();
    }
    await endpoint.close({ reason: 'the server is closing' });
    return code;
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    stderr.write(`burstwire perf server: ${error.message}\n`);
    return EXIT_FAILED;
  } finally {
    interrupt.release();
  }
}

class Server {
  /** With the exit code, after the one test of --one-off. */
  readonly finished: Promise<number>;
  #test: ServerTest | undefined;
  #serving: Promise<void> | undefined;
  #onFinished: (code: number) => void = () => {};
  readonly #endpoint: Endpoint;
  readonly #flags: Flags;
  readonly #stdout: Output;
  readonly #said: Output;
  readonly #signal: AbortSignal;

  constructor(
    endpoint: Endpoint,
    flags: Flags,
    options: { readonly stdout: Output; readonly said: Output; readonly signal: AbortSignal },
  ) {
    this.#endpoint = endpoint;
    this.#flags = flags;
    this.#stdout = options.stdout;
    this.#said = options.said;
    this.#signal = options.signal;
    this.finished = new Promise((resolve) => {
      this.#onFinished = resolve;
    });
    endpoint.on('connection', (connection) => {
      const timer = setTimeout(() => void connection.destroy({ code: 1 }), HELLO_MS);
      void connection.closed.then(() => clearTimeout(timer));
      connection.once('stream', (stream) => {
        stream.on('error', () => {});
        this.#greet(connection, stream, timer).catch((error: Error) => {
          // A stranger's nonsense is no error of ours; he is told, and is gone.
          void connection.destroy({ code: 1, reason: printable(error.message) });
        });
      });
    });
  }

  /** The test that was under way when the signal aborted is over, and its client knows the figures or is gone. */
  async settled(): Promise<void> {
    await this.#serving;
  }

  async #greet(
    connection: Connection,
    stream: TransportStream,
    timer: NodeJS.Timeout,
  ): Promise<void> {
    if (stream.unidirectional) throw new SpeechError('the first stream is for words');
    stream.setPriority({ urgency: 0 });
    const lines = new Lines(stream);
    const said = await lines.expect();
    clearTimeout(timer);
    if (typeof said['join'] === 'string') {
      if (said['join'] !== this.#test?.token || !this.#test.join(connection)) {
        throw new SpeechError('there is no such test');
      }
      lines.say({ joined: true });
      return;
    }
    const refusal = this.#refusal(said);
    if (refusal !== undefined) {
      lines.say({ refused: refusal });
      await connection.close({ code: 1, reason: refusal });
      return;
    }
    const serving = this.#serve(connection, lines, readParameters(said));
    this.#serving = serving.catch(() => {});
    await serving;
  }

  async #serve(connection: Connection, lines: Lines, parameters: Parameters): Promise<void> {
    const test = new ServerTest(lines, connection, parameters, {
      system: describeSystem(this.#endpoint),
      maxSeconds: this.#flags['max-time'],
      signal: this.#signal,
    });
    this.#test = test;
    const { address, port } = connection.remoteAddress;
    const client = targetText({ host: address, port });
    let code = 0;
    let reason = 'the test is over';
    try {
      this.#said.write(`${client} begins, key ${keyText(connection.remotePublicKey)}\n`);
      const { result, ended, isAwaited } = await test.run();
      this.#said.write(`${describeServed(client, parameters, result, ended)}\n`);
      if (this.#flags.json) {
        this.#stdout.write(`${JSON.stringify({ client, parameters, result, ended })}\n`);
      }
      if (ended !== null) {
        code = EXIT_FAILED;
        reason = ended;
      }
      if (isAwaited) {
        const late = setTimeout(() => void connection.destroy(), FAREWELL_MS);
        await connection.closed;
        clearTimeout(late);
      }
    } catch (error) {
      code = EXIT_FAILED;
      reason = printable((error as Error).message);
      this.#said.write(`${client} has failed: ${reason}\n`);
      throw error;
    } finally {
      for (const one of test.connections) void one.destroy({ code: 1, reason });
      this.#test = undefined;
      if (this.#flags['one-off']) this.#onFinished(code);
    }
  }

  /** Why this test cannot be had here; undefined: it can. */
  #refusal(said: Said): string | undefined {
    if (said['burstwirePerf'] !== PROTOCOL) return 'another version of burstwire perf';
    if (this.#signal.aborted) return 'the server is closing';
    if (this.#test !== undefined) return 'the server is busy with another test';
    const { seconds } = said;
    if (typeof seconds === 'number' && seconds > this.#flags['max-time']) {
      return `the server allows no tests of more than ${this.#flags['max-time']} s`;
    }
    return undefined;
  }
}
