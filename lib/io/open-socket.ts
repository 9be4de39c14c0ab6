/**
 * Chooses the engine of a socket, and says why.
 *
 * It reads no option by name and no variable but BURSTWIRE_NATIVE (to know whether a missing engine was wished for);
 * what it is given is already checked. Called by `bind` and by the transport's driver.
 *
 * Invariant: only an absent addon leads to the other engine. An address in use or a missing permission is the
 * caller's to hear of; the other engine would fail the same way and hide why.
 */

import type { Binding, NativeCapabilities } from '../native/binding.js';
import { type Loaded, loadBinding } from '../native/load.js';
import type { BatchSocket, EngineInfo, EngineOptions } from './batch-socket.js';
import { openDgramSocket } from './dgram-socket.js';
import { openNativeSocket } from './native-socket.js';

/** `'auto'`: native where it can be loaded, else dgram. `'native'`: that or nothing. */
export type EngineChoice = 'auto' | 'native' | 'dgram';

export interface OpenRequest {
  readonly engine: EngineChoice;
  readonly options: EngineOptions;
  /** Keep `options.gso` even on a kernel that is known to corrupt trains. */
  readonly gsoForced: boolean;
  /** Whose wish the dgram engine is when not the caller's: becomes `info.reason`. */
  readonly engineBecause?: string | undefined;
  /** Why trains are off that the caller wanted: becomes part of `info.reason`. */
  readonly trainsBecause?: string | undefined;
}

export interface OpenedSocket {
  readonly engine: BatchSocket;
  /** `engine.info`, with the reasons that only the choice knows. */
  readonly info: EngineInfo;
}

/** What an engine is opened with; tests bring their own. */
export interface EngineParts {
  readonly load: () => Loaded;
  readonly openNative: (binding: Binding, options: EngineOptions) => BatchSocket;
  readonly openDgram: (options: EngineOptions, reason: string) => Promise<BatchSocket>;
}

export const ENGINES: EngineParts = {
  load: loadBinding,
  openNative: openNativeSocket,
  openDgram: openDgramSocket,
};

const GSO_DENIED =
  'gso is off: this kernel version is known to corrupt trains on some drivers; BURSTWIRE_GSO=1 forces it on';

let warnedAboutMissingAddon = false;

/**
 * Opens a socket on the engine that was asked for.
 *
 * Rejects with ERR_ENGINE_UNAVAILABLE when `'native'` was asked for and cannot be loaded, and with the system error
 * (`code`, `errno`, `syscall`, `address`, `port`) when the kernel refuses.
 */
export async function openSocket(
  request: OpenRequest,
  engines: EngineParts = ENGINES,
): Promise<OpenedSocket> {
  const choice = chooseBinding(request.engine, request.engineBecause, engines.load);
  if (choice.binding === undefined) {
    // node:dgram takes no descriptor without taking it away from its owner.
    if (request.options.adoptedFd !== undefined) throw engineUnavailable(choice.reason);
    return opened(await engines.openDgram(request.options, choice.reason));
  }
  const { binding } = choice;
  if (request.options.gso && !request.gsoForced && isGsoDenied(binding)) {
    const options = { ...request.options, gso: false };
    return opened(engines.openNative(binding, options), request.trainsBecause, GSO_DENIED);
  }
  return opened(engines.openNative(binding, request.options), request.trainsBecause);
}

/** The addon, or why another engine does its work. */
export type BindingChoice =
  | { readonly binding: Binding }
  | { readonly binding?: undefined; readonly reason: string };

/**
 * The addon as `engine` asks for it. Throws ERR_ENGINE_UNAVAILABLE when `'native'` was asked for and cannot be loaded.
 *
 * @param because whose wish the dgram engine is when not the caller's
 */
export function chooseBinding(
  engine: EngineChoice,
  because: string | undefined,
  load: () => Loaded = loadBinding,
): BindingChoice {
  if (engine === 'dgram') return { reason: because ?? "engine 'dgram' was asked for" };
  const { binding, reason = 'the addon could not be loaded' } = load();
  if (binding !== undefined) return { binding };
  if (engine === 'native') throw engineUnavailable(reason);
  warnAboutMissingAddon(reason);
  return { reason };
}

const gsoDenied = new WeakMap<Binding, boolean>();

/** Does this kernel corrupt trains? Asked once: its version does not change while we run. */
export function isGsoDenied(binding: Binding): boolean {
  const known = gsoDenied.get(binding);
  if (known !== undefined) return known;
  const denied = binding.capabilities().gsoDenied;
  gsoDenied.set(binding, denied);
  return denied;
}

/** What the native engine could do here, or why it is absent. Never throws. */
export function nativeCapabilities(engines: EngineParts = ENGINES): {
  readonly capabilities?: NativeCapabilities;
  readonly reason?: string;
} {
  const { binding, reason = 'the addon could not be loaded' } = engines.load();
  if (binding === undefined) return { reason };
  try {
    return { capabilities: binding.capabilities() };
  } catch (error) {
    return { reason: `the addon could not examine this system: ${String(error)}` };
  }
}

function opened(engine: BatchSocket, ...because: (string | undefined)[]): OpenedSocket {
  const { name, gso, gro, ecn } = engine.info;
  const reasons = [engine.info.reason, ...because].filter((text) => text !== undefined);
  const info =
    reasons.length === 0
      ? { name, gso, gro, ecn }
      : { name, gso, gro, ecn, reason: reasons.join('; ') };
  return { engine, info: Object.freeze(info) };
}

function engineUnavailable(reason: string): Error {
  const error = new Error(`the native engine is not available: ${reason}`);
  return Object.assign(error, { code: 'ERR_ENGINE_UNAVAILABLE', reason });
}

/**
 * One warning in a process, on Linux, where the addon is expected. None where it was switched off, and none on
 * runtimes that are known not to load it.
 */
function warnAboutMissingAddon(reason: string): void {
  if (warnedAboutMissingAddon || process.platform !== 'linux') return;
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return;
  if (/^(0|off|no|false)$/i.test(process.env.BURSTWIRE_NATIVE ?? '')) return;
  if (process.execArgv.includes('--no-addons')) return;
  warnedAboutMissingAddon = true;
  process.emitWarning('burstwire: the native engine is missing; node:dgram does its work, slower', {
    code: 'BURSTWIRE_NO_NATIVE',
    detail:
      `Reason: ${reason}\n` +
      "Remedy: 'npx burstwire doctor' says what is missing and how to get it. " +
      "To silence this: engine 'dgram', or BURSTWIRE_ENGINE=dgram.",
  });
}
