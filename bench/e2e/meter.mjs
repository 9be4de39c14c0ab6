// Counts what a receiver gets in a window of time, and says so on standard output when the window is over.
//
// The window begins `warmup` seconds after the first byte. One line of JSON: bytes, seconds, cpuUs (of this process).
// Called by every role that receives.

const warmupMs = Number(process.env.BENCH_WARMUP ?? 0.5) * 1000;
const windowMs = Number(process.env.BENCH_SECONDS ?? 2) * 1000;

export class Meter {
  #bytes = 0;
  #from = 0;
  #bytesAtFrom = 0;
  #cpuAtFrom = undefined;
  #done = false;
  #extra;

  /** @param extra called at both ends of the window; numbers it returns are reported as differences */
  constructor(extra = () => ({})) {
    this.#extra = extra;
  }

  add(byteLength) {
    const now = performance.now();
    if (this.#from === 0) this.#from = now + warmupMs;
    this.#bytes += byteLength;
    if (this.#done || now < this.#from) return;
    if (this.#cpuAtFrom === undefined) {
      this.#from = now;
      this.#bytesAtFrom = this.#bytes;
      this.#cpuAtFrom = process.cpuUsage();
      this.before = this.#extra();
    } else if (now - this.#from >= windowMs) {
      this.#report(now);
    }
  }

  #report(now) {
    this.#done = true;
    const { user, system } = process.cpuUsage(this.#cpuAtFrom);
    const after = this.#extra();
    const extra = Object.fromEntries(
      Object.entries(after).map(([name, value]) => [name, value - this.before[name]]),
    );
    const bytes = this.#bytes - this.#bytesAtFrom;
    const seconds = (now - this.#from) / 1000;
    say({ bytes, seconds, cpuUs: user + system, ...extra });
  }
}

/** One line of JSON for the runner. */
export function say(object) {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

/** What the runner gave a client: the server's first line. */
export function serverInfo() {
  return JSON.parse(process.argv[3] ?? '{}');
}

export const isServer = process.argv[2] === 'server';

/** Writes `chunk` again and again, as fast as back-pressure allows, to a Writable. */
export function pour(stream, chunk) {
  const more = () => {
    let hasRoom = true;
    while (hasRoom) hasRoom = stream.write(chunk);
  };
  stream.on('drain', more);
  more();
}

export const CHUNK = new Uint8Array(64 * 1024).fill(0x5a);
