/**
 * How far a file is, in one line: name, bar, percent, rate, time left. In a terminal it is written anew, elsewhere a
 * line is written now and then.
 *
 * Called by `send` and `receive`; writes to stderr only. Invariant: the line fits the terminal.
 */

import { formatBytes } from '../bench/format.js';
import { LiveLine, type Output } from '../live-line.js';

const LIVE_MS = 200;
const LINE_MS = 5000;
const BAR_MIN = 10;
const BAR_MAX = 40;
const NAME_MAX = 24;
/** Weight of the newest rate. */
const GAIN = 0.3;

export interface Situation {
  readonly name: string;
  readonly bytes: number;
  readonly total: number;
  readonly bytesPerSecond: number;
}

/** The line for a terminal of that width. Pure. */
export function renderBar(
  { name, bytes, total, bytesPerSecond }: Situation,
  width: number,
): string {
  const part = total === 0 ? 1 : Math.min(bytes / total, 1);
  const left = bytesPerSecond > 0 ? formatSeconds((total - bytes) / bytesPerSecond) : '--:--';
  const short = name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 3)}...` : name;
  // A percent that says 100 only at the end.
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  const figures = `${percent}  ${formatBytes(bytes).padStart(8)}  ${`${formatBytes(bytesPerSecond)}/s`.padStart(10)}  ${left}`;
  const room = width - short.length - figures.length - 5;
  if (room < BAR_MIN) return `${short} ${figures}`.slice(0, width);
  const cells = Math.min(room, BAR_MAX);
  const full = Math.floor(part * cells);
  return `${short} [${'#'.repeat(full)}${'.'.repeat(cells - full)}] ${figures}`;
}

/** 0:07, 12:05, 3:00:00 */
export function formatSeconds(seconds: number): string {
  const whole = Math.min(Math.max(Math.ceil(seconds), 0), 359_999);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

export class TransferBar {
  readonly #line: LiveLine;
  readonly #name: string;
  readonly #total: number;
  readonly #read: () => number;
  readonly #timer: NodeJS.Timeout;
  #rate = 0;
  #shownMs = performance.now();
  #shownBytes: number;

  /** @param read bytes that are there now; asked from time to time until `clear` */
  constructor(output: Output, name: string, total: number, read: () => number) {
    this.#line = new LiveLine(output);
    this.#name = name;
    this.#total = total;
    this.#read = read;
    this.#shownBytes = read();
    this.#timer = setInterval(() => this.#show(), this.#line.isLive ? LIVE_MS : LINE_MS);
  }

  clear(): void {
    clearInterval(this.#timer);
    this.#line.clear();
  }

  #show(): void {
    const now = performance.now();
    const bytes = this.#read();
    const rate = ((bytes - this.#shownBytes) * 1000) / (now - this.#shownMs);
    this.#rate = this.#rate === 0 ? rate : this.#rate + (rate - this.#rate) * GAIN;
    this.#shownMs = now;
    this.#shownBytes = bytes;
    const situation = { name: this.#name, bytes, total: this.#total, bytesPerSecond: this.#rate };
    const text = renderBar(situation, this.#line.width);
    if (this.#line.isLive) this.#line.show(text);
    else this.#line.note(text);
  }
}
