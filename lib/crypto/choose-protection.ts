/**
 * Chooses the engine of packet protection, and says why.
 *
 * Native first, then `node:crypto`, then plain JavaScript; an engine runs only after it has passed its self-test.
 * BURSTWIRE_CRYPTO overrules the option. Called by whoever opens an endpoint, and by `burstwire doctor`.
 *
 * Invariant: an engine asked for by name is used or refused, never silently replaced.
 */

import type { Protection } from '../core/ports.js';
import { loadBinding } from '../native/load.js';
import { engineUnavailable, invalidChoice } from './errors.js';
import { openNativeProtection } from './native-protection.js';
import { openNobleProtection } from './noble-protection.js';
import { nodeProtectionRefusal, openNodeProtection } from './node-protection.js';
import { selfTest } from './self-test.js';

/** `'auto'`: the first that runs here. By name: that or nothing. */
export type CryptoEngine = 'auto' | Protection['name'];

const ORDER = ['native', 'node', 'noble'] as const;
const CHOICES: readonly string[] = ['auto', ...ORDER];

export interface OpenProtectionOptions {
  /** Default `'auto'`. BURSTWIRE_CRYPTO overrules it. */
  readonly engine?: CryptoEngine | undefined;
}

export interface OpenedProtection {
  readonly protection: Protection;
  /** Why the engines before it were passed over, one sentence each; absent when the first one runs. */
  readonly reason?: string;
}

/** How each engine is opened: the protection, or why there is none. Tests bring their own. */
export type ProtectionOpeners = Readonly<Record<Protection['name'], () => Protection | string>>;

const OPENERS: ProtectionOpeners = {
  native() {
    const { binding, reason = 'the addon could not be loaded' } = loadBinding();
    return binding === undefined ? reason : openNativeProtection(binding);
  },
  node: () => nodeProtectionRefusal() ?? openNodeProtection(),
  noble: () => openNobleProtection(),
};

/**
 * Opens packet protection.
 *
 * @throws OptionError ERR_OPTION_RANGE: the option, or BURSTWIRE_CRYPTO, names no engine
 * @throws Error ERR_ENGINE_UNAVAILABLE: the engine that was named cannot run here; its `reason` says why
 */
export function openProtection(
  options: OpenProtectionOptions = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
  openers: ProtectionOpeners = OPENERS,
): OpenedProtection {
  const engine = chosenEngine(options.engine, env.BURSTWIRE_CRYPTO);
  const candidates = engine === 'auto' ? ORDER : [engine];
  const reasons: string[] = [];
  for (const name of candidates) {
    const opened = tryEngine(openers[name]);
    if (typeof opened !== 'string') {
      return reasons.length === 0
        ? { protection: opened }
        : { protection: opened, reason: reasons.join('; ') };
    }
    reasons.push(`${name}: ${opened}`);
  }
  throw engineUnavailable(engine, reasons.join('; '));
}

/** An empty variable counts as not set. */
function chosenEngine(option: unknown, variable: string | undefined): CryptoEngine {
  if (option !== undefined) requireChoice('cryptoEngine', option);
  if (variable === undefined || variable === '') return (option ?? 'auto') as CryptoEngine;
  requireChoice('BURSTWIRE_CRYPTO', variable);
  return variable as CryptoEngine;
}

function requireChoice(name: string, value: unknown): void {
  if (typeof value !== 'string' || !CHOICES.includes(value)) {
    throw invalidChoice(name, CHOICES, value);
  }
}

function tryEngine(open: () => Protection | string): Protection | string {
  try {
    const opened = open();
    return typeof opened === 'string' ? opened : (selfTest(opened) ?? opened);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
