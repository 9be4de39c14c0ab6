/**
 * One test as the server runs it: from the client's wish to the server's figures.
 *
 * It takes connections until there are as many as were announced, stands ready, obeys "start" and "stop". Made and
 * awaited by server.ts. Invariants: `run` ends, at the latest when the time that the server allows is over, and leaves no
 * traffic behind; once the test has begun it ends with what was measured, whatever the client or the person does.
 */

import { randomBytes } from 'node:crypto';
import type { Connection } from '../../index.js';
import { whyOver } from '../remote/dial.js';
import { type Lines, type Said, SpeechError } from '../remote/lines.js';
import { makeReceiver, makeSender } from './make-traffic.js';
import { Meter, moved } from './measure.js';
import type { Parameters } from './parameters.js';
import type { SideResult } from './result.js';

/** For connections to join, and for the client to say "start". */
const BEGIN_MS = 10_000;
/** Beyond the time that was announced, for a "stop" that is late. */
const STOP_MS = 5000;
/** Datagrams under way at the "stop" may still come, and those that wait may still go. */
const LATE_MS = 200;
const INTERRUPTED = 'interrupted here';

export interface Served {
  readonly result: SideResult;
  /** Why it ended before its time; null: it did not. */
  readonly ended: string | null;
  /** The client is there, and closes when it has read the figures. */
  readonly isAwaited: boolean;
}

type Ending = Pick<Served, 'ended' | 'isAwaited'>;

export class ServerTest {
  /** Who knows it may join. */
  readonly token = randomBytes(16).toString('hex');
  readonly parameters: Parameters;
  readonly connections: Connection[];
  readonly #lines: Lines;
  readonly #system: string;
  readonly #limitMs: number;
  readonly #signal: AbortSignal;
  #onComplete: () => void = () => {};

  /** @param options seconds that the server allows; a signal that ends the test, with its figures for both sides */
  constructor(
    lines: Lines,
    connection: Connection,
    parameters: Parameters,
    options: { readonly system: string; readonly maxSeconds: number; readonly signal: AbortSignal },
  ) {
    this.#lines = lines;
    this.connections = [connection];
    this.parameters = parameters;
    this.#system = options.system;
    this.#signal = options.signal;
    const { bytes, seconds } = parameters;
    this.#limitMs = 1000 * (bytes > 0 ? options.maxSeconds : seconds) + STOP_MS;
  }

  /** False: there are enough of them. */
  join(connection: Connection): boolean {
    if (this.connections.length >= this.parameters.connections) return false;
    this.connections.push(connection);
    if (this.#isComplete()) this.#onComplete();
    return true;
  }

  #isComplete(): boolean {
    return this.connections.length === this.parameters.connections;
  }

  /** Resolves with what was measured. @throws before it has begun: SpeechError; what ends the connection */
  async run(): Promise<Served> {
    const { connections, parameters } = this;
    const deadline = rejectAfter(BEGIN_MS, 'the client has not begun in time', this.#signal);
    try {
      this.#lines.say({ join: this.token });
      const complete = new Promise<void>((resolve) => {
        this.#onComplete = resolve;
      });
      if (!this.#isComplete()) await Promise.race([complete, deadline.promise]);
      const receiver = makeReceiver(parameters, connections, false);
      this.#lines.say({ ready: true, system: this.#system });
      await Promise.race([this.#expect('start'), deadline.promise]);
      deadline.clear();
      return await this.#measure(receiver);
    } finally {
      deadline.clear();
    }
  }

  async #measure(receiver: ReturnType<typeof makeReceiver>): Promise<Served> {
    const { connections, parameters } = this;
    const sender = makeSender(parameters, connections, false);
    const meter = new Meter(connections, { sender, receiver });
    try {
      const { ended, isAwaited } = await this.#untilOver();
      const { seconds } = meter;
      sender?.stop();
      if (parameters.kind === 'datagram') await sleep(LATE_MS);
      receiver?.stop();
      const result: SideResult = {
        seconds,
        sent: sender && moved(sender.totals(), seconds),
        received: receiver && moved(receiver.totals(), seconds),
        path: meter.path(),
        cpuPercent: meter.cpuPercent(),
        system: this.#system,
      };
      if (isAwaited) this.#lines.say({ result, interrupted: this.#signal.aborted });
      return { result, ended, isAwaited };
    } finally {
      sender?.stop();
      receiver?.stop();
    }
  }

  async #untilOver(): Promise<Ending> {
    const tooLong = 'the test took longer than this server allows';
    const deadline = rejectAfter(this.#limitMs, tooLong, this.#signal);
    const stopped = this.#expect('stop').then((said): Ending => {
      const ended = said['interrupted'] === true ? 'the client was interrupted' : null;
      return { ended, isAwaited: true };
    });
    const lost = this.connections.map(async ({ closed }): Promise<Ending> => {
      return { ended: whyOver(await closed, 'the client'), isAwaited: false };
    });
    const first = Promise.race([stopped, deadline.promise]);
    const settled = first.catch(async ({ message }: Error): Promise<Ending> => {
      // When the connection is over its own reason says more than what its stream makes of it.
      await new Promise((resolve) => setImmediate(resolve));
      return { ended: message, isAwaited: message === INTERRUPTED };
    });
    try {
      return await Promise.race([settled, ...lost]);
    } finally {
      deadline.clear();
    }
  }

  async #expect(word: string): Promise<Said> {
    const said = await this.#lines.expect();
    if (said[word] !== true) throw new SpeechError(`the client has not said "${word}"`);
    return said;
  }
}

/** Rejects when the time is over, and at once when the signal aborts. */
function rejectAfter(
  ms: number,
  message: string,
  signal: AbortSignal,
): { readonly promise: Promise<never>; clear(): void } {
  const { promise, reject } = withReject();
  const timer = setTimeout(() => reject(new SpeechError(message)), ms);
  const onAbort = (): void => reject(new SpeechError(INTERRUPTED));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  promise.catch(() => {});
  const clear = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
  return { promise, clear };
}

function withReject(): { readonly promise: Promise<never>; reject(error: Error): void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_resolve, rejects) => {
    reject = rejects;
  });
  return { promise, reject };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
