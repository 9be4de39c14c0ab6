/**
 * One test as the client runs it: agree, start, report, stop, and get the server's figures.
 *
 * It prints nothing itself: intervals go to a callback. Made by client.ts, which has opened the endpoint. Invariant:
 * `run` ends with a result once the test has begun, whatever happens to the connection or to the person's patience.
 */

import type { Connection, Endpoint } from '../../index.js';
import { dial, RemoteError, type Target, whyOver } from '../remote/dial.js';
import type { Ticket } from '../remote/keys.js';
import { keyText } from '../remote/keys.js';
import { Lines, printable, type Said } from '../remote/lines.js';
import { describeSystem } from '../remote/system.js';
import { directionsOf } from './directions.js';
import { Asker } from './latency.js';
import { datagramLength, makeReceiver, makeSender } from './make-traffic.js';
import { type Interval, Meter, moved, type Sides } from './measure.js';
import { type Parameters, PROTOCOL } from './parameters.js';
import { type PerfResult, readSide, type SideResult } from './result.js';

export interface ClientOptions {
  readonly target: Target;
  readonly ticket: Ticket | undefined;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly congestion: string;
  /** Milliseconds between two calls of `onInterval`; 0: none. */
  readonly intervalMs: number;
  /** The same for `onLive`. */
  readonly liveMs: number;
  onBegin(connection: Connection, parameters: Parameters): void;
  onInterval(interval: Interval): void;
  onLive(interval: Interval): void;
}

/** Datagrams under way at the end may still come. */
const LATE_MS = 200;
/** For the server's figures, when the person or the connection does not want to wait. */
const HURRY_MS = 1000;
const INTERRUPTED = 'interrupted';

export class ClientTest {
  readonly #endpoint: Endpoint;
  readonly #options: ClientOptions;
  #parameters: Parameters;
  readonly #connections: Connection[] = [];

  constructor(endpoint: Endpoint, parameters: Parameters, options: ClientOptions) {
    this.#endpoint = endpoint;
    this.#parameters = parameters;
    this.#options = options;
  }

  /** @throws RemoteError before it has begun; AbortError when it was interrupted before that */
  async run(): Promise<PerfResult> {
    const { signal } = this.#options;
    const first = await this.#connect();
    const lines = new Lines(first.openStream({ urgency: 0 }));
    lines.stream.on('error', () => {});
    this.#parameters = this.#withLength(first);
    lines.say({ burstwirePerf: PROTOCOL, ...this.#parameters });
    const { join } = await this.#answer(lines, 'join');
    while (this.#connections.length < this.#parameters.connections) {
      const connection = await this.#connect();
      const extra = new Lines(connection.openStream());
      extra.stream.on('error', () => {});
      extra.say({ join });
      await this.#answer(extra, 'joined');
    }
    const receiver = makeReceiver(this.#parameters, this.#connections, true);
    await this.#answer(lines, 'ready');
    signal.throwIfAborted();
    this.#options.onBegin(first, this.#parameters);
    lines.say({ start: true });
    return this.#measure(first, lines, receiver);
  }

  async #measure(
    first: Connection,
    lines: Lines,
    receiver: Sides['receiver'],
  ): Promise<PerfResult> {
    const parameters = this.#parameters;
    const startedAt = new Date().toISOString();
    const sender = makeSender(parameters, this.#connections, true);
    const meter = new Meter(this.#connections, { sender, receiver });
    const intervals: Interval[] = [];
    const report = (): void => {
      const interval = meter.take();
      intervals.push(interval);
      this.#options.onInterval(interval);
    };
    const { intervalMs, liveMs } = this.#options;
    const ticker = intervalMs > 0 ? setInterval(report, intervalMs) : undefined;
    const glance = new Meter(this.#connections, { sender, receiver }, true);
    const live =
      liveMs > 0 ? setInterval(() => this.#options.onLive(glance.take()), liveMs) : undefined;
    // They come after our "stop", or when somebody has interrupted the server.
    const figures = lines.expect();
    figures.catch(() => {});
    let ended = await this.#untilOver({ sender, receiver }, figures);
    clearInterval(ticker);
    clearInterval(live);
    const { seconds } = meter;
    sender?.stop();
    if (parameters.kind !== 'datagram') receiver?.stop();
    const pathMtu = first.stats().pathMtu;
    const path = meter.path();
    const cpuPercent = meter.cpuPercent();
    lines.say({ stop: true, interrupted: ended === INTERRUPTED });
    const remote = await this.#remoteFigures(figures, ended !== null);
    if (parameters.kind === 'datagram' && receiver !== undefined) await sleep(LATE_MS);
    receiver?.stop();
    // A remainder of some milliseconds is no interval.
    if (intervalMs > 0 && meter.seconds - (intervals.at(-1)?.to ?? 0) > 0.5 * (intervalMs / 1000)) {
      report();
    }
    if (remote === null) ended ??= 'the server has not told its figures';
    const client: SideResult = {
      seconds,
      sent: sender && moved(sender.totals(), seconds),
      received: receiver && moved(receiver.totals(), seconds),
      path,
      cpuPercent,
      system: describeSystem(this.#endpoint),
    };
    return {
      format: 'burstwire-perf',
      version: 1,
      startedAt,
      server: {
        address: first.remoteAddress.address,
        port: first.remoteAddress.port,
        publicKey: keyText(first.remotePublicKey),
      },
      parameters,
      congestion: this.#options.congestion,
      pathMtu,
      intervals,
      client,
      remote,
      directions: directionsOf(parameters, client, remote),
      latency: sender instanceof Asker ? sender.figures() : null,
      ended,
    };
  }

  /** Resolves with why it is over before its time, or with null. */
  async #untilOver({ sender, receiver }: Sides, figures: Promise<Said>): Promise<string | null> {
    const { seconds, bytes } = this.#parameters;
    const { signal } = this.#options;
    const lost = this.#connections.map(async ({ closed }) => whyOver(await closed, 'the server'));
    const early = figures.then(
      (said) =>
        said['interrupted'] === true ? 'the server was interrupted' : 'the server has ended it',
      () => new Promise<never>(() => {}),
    );
    let timer: NodeJS.Timeout | undefined;
    const whole =
      bytes > 0
        ? Promise.all([sender?.finished, receiver?.finished])
        : new Promise((resolve) => {
            timer = setTimeout(resolve, seconds * 1000);
          });
    const interrupted = new Promise<string>((resolve) => {
      if (signal.aborted) resolve(INTERRUPTED);
      signal.addEventListener('abort', () => resolve(INTERRUPTED), { once: true });
    });
    try {
      return await Promise.race([whole.then(() => null), interrupted, early, ...lost]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Null: there are none. */
  async #remoteFigures(figures: Promise<Said>, isHurried: boolean): Promise<SideResult | null> {
    const limitMs = isHurried ? HURRY_MS : this.#options.timeoutSeconds * 1000;
    try {
      const said = await within(limitMs, figures);
      return typeof said?.['result'] === 'object' ? readSide(said['result'] as Said) : null;
    } catch {
      // The connection is over, or the server speaks nonsense: then there are no figures of it.
      return null;
    }
  }

  async #connect(): Promise<Connection> {
    const { target, ticket, timeoutSeconds, signal } = this.#options;
    const connection = await dial(this.#endpoint, target, { ticket, timeoutSeconds, signal });
    this.#connections.push(connection);
    return connection;
  }

  /** The server's next line, which must have this word. @throws RemoteError */
  async #answer(lines: Lines, word: string): Promise<Said> {
    const { timeoutSeconds, signal } = this.#options;
    let said: Said | undefined;
    try {
      said = await within(timeoutSeconds * 1000, lines.expect(), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new RemoteError((error as Error).message);
    }
    if (said === undefined) throw new RemoteError(`the server is silent for ${timeoutSeconds} s`);
    if (said['refused'] !== undefined) throw new RemoteError(printable(said['refused']));
    if (said[word] === undefined) throw new RemoteError('the server speaks something else');
    return said;
  }

  /** Both sides send datagrams of one size: what fits now. */
  #withLength(connection: Connection): Parameters {
    const parameters = this.#parameters;
    const isCarried = parameters.kind === 'datagram' || parameters.usesDatagrams;
    if (!isCarried) return parameters;
    const most = connection.maxDatagramPayload;
    if (parameters.length > most) {
      throw new RemoteError(
        `the path carries datagrams of ${most} bytes now, not ${parameters.length}`,
      );
    }
    if (parameters.kind !== 'datagram') return parameters;
    return { ...parameters, length: datagramLength([connection], parameters.length) };
  }
}

/** Undefined: it took too long, or it was given up. */
function within<T>(ms: number, work: Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    const onAbort = (): void => resolve(undefined);
    signal?.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
