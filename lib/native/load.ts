/**
 * The only door to the .node file: finds it, checks it, and says why when there is none.
 *
 * It does not choose the engine; `lib/io/open-socket` does, by what this returns. Nothing in here throws: on every
 * system without the addon the package goes on with `node:dgram`.
 *
 * Invariant: a binary is used only if its layout (`lib/batch/layout.ts`) is ours, number by number.
 */

import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAYOUT } from '../batch/layout.js';
import type { Addon, Binding } from './binding.js';
import { describeProbe } from './capabilities.js';

// Not by an import: that would make process.stdin, which its getter opens.
const { arch, platform } = process;

/** The addon, or the reason why there is none. */
export interface Loaded {
  readonly binding?: Binding;
  readonly reason?: string;
}

let loaded: Loaded | undefined;

/**
 * Loads the addon, once per thread.
 *
 * `BURSTWIRE_NATIVE=0` keeps it out; `BURSTWIRE_NATIVE=/path/to/file.node` takes that file alone; a
 * relative path starts at the working directory.
 */
export function loadBinding(): Loaded {
  loaded ??= load();
  return loaded;
}

function load(): Loaded {
  const wanted = process.env['BURSTWIRE_NATIVE'] ?? '';
  if (/^(0|off|no|false)$/i.test(wanted)) return { reason: `BURSTWIRE_NATIVE=${wanted}` };
  const refusal = unsupportedRuntime();
  if (refusal !== undefined) return { reason: refusal };
  const failures: string[] = [];
  for (const path of wanted === '' ? candidates() : [resolve(wanted)]) {
    if (!existsSync(path)) {
      failures.push(`${path}: not there`);
      continue;
    }
    const result = loadFile(path);
    if (result.binding !== undefined) return result;
    failures.push(`${path}: ${result.reason}`);
  }
  return { reason: `no addon for ${platform}-${arch} could be loaded (${failures.join('; ')})` };
}

/** Runtimes where even trying may end the process, and platforms without the system calls. */
function unsupportedRuntime(): string | undefined {
  // Calls of libuv through Node-API abort the process there, so asking is not possible.
  if (process.versions['bun'] !== undefined) return 'Bun does not offer libuv to addons';
  if (process.versions['deno'] !== undefined) return 'Deno does not offer all of libuv to addons';
  if (platform !== 'linux') return `the native engine is for Linux, this is ${platform}`;
  return undefined;
}

function candidates(): string[] {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const libc = usesMusl() ? 'musl' : 'glibc';
  return [
    `${root}build/Release/burstwire.node`,
    `${root}prebuilds/linux-${arch}/burstwire.${libc}.node`,
  ];
}

function loadFile(path: string): Loaded {
  try {
    const addon = createRequire(import.meta.url)(path) as Addon;
    if (!sameLayout(addon.layout)) return { reason: 'built for another version of this package' };
    return {
      binding: {
        UdpSocket: addon.UdpSocket,
        Protection: addon.Protection,
        Primitives: addon.Primitives,
        DgramSocket: addon.DgramSocket,
        describeDescriptor: addon.describeDescriptor,
        gather: addon.gather,
        allocateSlab: addon.allocateSlab,
        crypto: () => addon.crypto(),
        capabilities: () => describeProbe(addon.probe()),
      },
    };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

function sameLayout(theirs: readonly number[] | undefined): boolean {
  return (
    Array.isArray(theirs) &&
    theirs.length === LAYOUT.length &&
    LAYOUT.every((value, index) => theirs[index] === value)
  );
}

/** Looks for the name of the dynamic linker near the front of the running executable (its PT_INTERP). */
function usesMusl(): boolean {
  try {
    const front = Buffer.alloc(4096);
    const file = openSync(process.execPath, 'r');
    try {
      readSync(file, front, 0, front.length, 0);
    } finally {
      closeSync(file);
    }
    return front.includes('/ld-musl-');
  } catch {
    return false;
  }
}
