/**
 * One test as the server runs it: from the client's wish to the server's figures.
 *
 * It takes connections until there are as many as were announced, stands ready, obeys "start" and "stop". Made and
 * awaited by server.ts. Invariant: `run` ends, at the latest when the time that the server allows is over, and leaves no
 * traffic behind.
 */

import { randomBytes } from 'node:crypto';
import type { Connection } from '../../index.js';
import { type Lines, SpeechError } from '../remote/lines.js';
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

export class ServerTest {
  /** Who knows it may join. */
  readonly token = randomBytes(16).toString('hex');
  readonly parameters: Parameters;
  readonly connections: Connection[];
  readonly #lines: Lines;
  readonly #system: string;
  readonly #limitMs: number;
  #onComplete: () => void = () => {};

  /** @param maxSeconds what the server allows */
  constructor(
    lines: Lines,
    connection: Connection,
    parameters: Parameters,
    options: { readonly system: string; readonly maxSeconds: number },
  ) {
    this.#lines = lines;
    this.connections = [connection];
    this.parameters = parameters;
    this.#system = options.system;
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

  /** Resolves with what was measured. @throws SpeechError; what ends the connection */
  async run(): Promise<SideResult> {
    const { connections, parameters } = this;
    const deadline = rejectAfter(BEGIN_MS, 'the client has not begun in time');
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

  async #measure(receiver: ReturnType<typeof makeReceiver>): Promise<SideResult> {
    const { connections, parameters } = this;
    const sender = makeSender(parameters, connections, false);
    const meter = new Meter(connections, { sender, receiver });
    const deadline = rejectAfter(this.#limitMs, 'the test took longer than this server allows');
    try {
      await Promise.race([this.#expect('stop'), deadline.promise]);
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
      this.#lines.say({ result });
      return result;
    } finally {
      deadline.clear();
      sender?.stop();
      receiver?.stop();
    }
  }

  async #expect(word: string): Promise<void> {
    const said = await this.#lines.expect();
    if (said[word] !== true) throw new SpeechError(`the client has not said "${word}"`);
  }
}

function rejectAfter(
  ms: number,
  message: string,
): { readonly promise: Promise<never>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new SpeechError(message)), ms);
  });
  promise.catch(() => {});
  return { promise, clear: () => clearTimeout(timer) };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
