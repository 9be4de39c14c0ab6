/**
 * `burstwire perf client`: runs one test against a server and prints what came of it.
 *
 * Called by perf/command. Exit codes: 0 measured, 1 not or not to the end, 2 wrong arguments (by the dispatcher), 130
 * interrupted, with what was measured until then. Invariant: with --json stdout carries one JSON value and nothing else.
 */

import { Endpoint } from '../../index.js';
import { parseWithOperands } from '../arguments.js';
import { EXIT_INTERRUPTED, Interrupt } from '../interrupt.js';
import { LiveLine, type Output } from '../live-line.js';
import { parseTarget, parseTrust, RemoteError, targetText } from '../remote/dial.js';
import { keyText, readIdentity } from '../remote/keys.js';
import { CLIENT_FLAGS, type ClientFlags, toParameters } from './client-flags.js';
import { ClientTest } from './client-test.js';
import type { Interval } from './measure.js';
import type { Parameters } from './parameters.js';
import { intervalHeads, intervalLines, liveText, renderResult } from './report.js';
import type { PerfResult } from './result.js';

const EXIT_FAILED = 1;
const LIVE_MS = 250;
/** Of this side, as its keep-alive and its patience. */
const KEEP_ALIVE_PART = 3;

/** @throws UsageError */
export async function runClient(
  given: readonly string[],
  stdout: Output = process.stdout,
  stderr: Output = process.stderr,
): Promise<number> {
  const { flags, operands, named } = parseWithOperands(CLIENT_FLAGS, given, ['HOST']);
  const parameters = toParameters(flags, named);
  const target = parseTarget(operands[0], flags.port);
  const ticket = parseTrust(flags);
  const identity = readIdentity(flags.identity);
  const interrupt = new Interrupt();
  const timeoutMs = Math.round(flags.timeout * 1000);
  const congestion = flags.congestion ?? 'cubic';
  const screen = new Screen(flags, stdout, stderr);
  let endpoint: Endpoint | undefined;
  try {
    endpoint = await Endpoint.bind({
      identity,
      congestion,
      idleTimeout: timeoutMs,
      keepAlive: Math.ceil(timeoutMs / KEEP_ALIVE_PART),
      ...(flags.aead === undefined ? {} : { aead: flags.aead }),
    });
    const test = new ClientTest(endpoint, parameters, {
      target,
      ticket,
      timeoutSeconds: flags.timeout,
      signal: interrupt.signal,
      congestion,
      intervalMs: screen.everyMs,
      liveMs: screen.liveMs,
      onBegin: (connection, agreed) => {
        screen.begin(agreed, [
          `connected to ${targetText({ host: connection.remoteAddress.address, port: connection.remoteAddress.port })}, ` +
            `round trip ${connection.stats().rtt.toFixed(2)} ms`,
          `key ${keyText(connection.remotePublicKey)}`,
        ]);
      },
      onInterval: (interval) => screen.interval(interval),
      onLive: (interval) => screen.live(interval),
    });
    const result = await test.run();
    screen.end(result);
    if (interrupt.isPending) return EXIT_INTERRUPTED;
    return result.ended === null ? 0 : EXIT_FAILED;
  } catch (error) {
    screen.clear();
    if (interrupt.isPending) {
      stderr.write('interrupted before it began\n');
      return EXIT_INTERRUPTED;
    }
    const isKnown =
      error instanceof RemoteError || (error as { syscall?: string }).syscall !== undefined;
    if (!isKnown) throw error;
    stderr.write(`burstwire perf client: ${(error as Error).message}\n`);
    return EXIT_FAILED;
  } finally {
    await endpoint?.close({ code: interrupt.isPending ? EXIT_INTERRUPTED : 0 });
    interrupt.release();
  }
}

/** What the person sees, and where: reports on stdout, or on stderr when stdout carries JSON. */
class Screen {
  readonly #flags: ClientFlags;
  readonly #stdout: Output;
  readonly #lines: Output;
  readonly #live: LiveLine;
  #parameters: Parameters | undefined;

  constructor(flags: ClientFlags, stdout: Output, stderr: Output) {
    this.#flags = flags;
    this.#stdout = stdout;
    this.#lines = flags.json ? stderr : stdout;
    this.#live = new LiveLine(stderr);
  }

  get everyMs(): number {
    return Math.round(this.#flags.interval * 1000);
  }

  /** 0: nobody would see it. */
  get liveMs(): number {
    return this.#live.isLive ? LIVE_MS : 0;
  }

  begin(parameters: Parameters, lines: readonly string[]): void {
    this.#parameters = parameters;
    for (const line of lines) this.#lines.write(`${line}\n`);
    if (this.#flags.interval > 0) this.#lines.write(`\n${intervalHeads(parameters)}\n`);
  }

  interval(interval: Interval): void {
    this.#live.clear();
    for (const line of intervalLines(this.#parameters!, interval)) this.#lines.write(`${line}\n`);
  }

  /** Between two reports. */
  live(interval: Interval): void {
    this.#live.show(liveText(this.#parameters!, interval));
  }

  end(result: PerfResult): void {
    this.#live.clear();
    if (this.#flags.json) this.#stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else this.#stdout.write(`\n${renderResult(result)}`);
  }

  clear(): void {
    this.#live.clear();
  }
}
