/**
 * The options of a socket: the table, what `bind` makes of it, and the environment variables that overrule it.
 *
 * It opens nothing. Called by `bind`, `capabilities`, and by whatever else takes a socket's options.
 *
 * Invariant: everything that can be refused without asking the kernel is refused here, synchronously.
 */

import { canonicalAddress } from '../io/dgram-peers.js';
import type { EngineChoice } from '../io/open-socket.js';
import { OptionError, show } from './errors.js';
import { type OptionTable, type OptionValues, parseOptions } from './option-table.js';

export type { EngineChoice };

/** Options of `bind`. All may be left out. */
export interface BindOptions {
  /**
   * Where to listen: a literal address, or a host name that is looked up once. Default: `'::'` for both families,
   * or `'0.0.0.0'` where the machine has no IPv6.
   */
  readonly address?: string | undefined;
  /** 0 to 65,535; 0, the default, lets the kernel choose. */
  readonly port?: number | undefined;
  /**
   * `'auto'` (default): native where it can be loaded, else `node:dgram`. `'native'`: reject with
   * ERR_ENGINE_UNAVAILABLE rather than fall back. The variable BURSTWIRE_ENGINE overrules it.
   */
  readonly engine?: EngineChoice | undefined;
  /** Send trains with UDP_SEGMENT (udp(7)) where the kernel can. Default true; BURSTWIRE_GSO=0 switches it off. */
  readonly gso?: boolean | undefined;
  /** Receive trains with UDP_GRO (udp(7)) where the kernel can. Default true; BURSTWIRE_GRO=0 switches it off. */
  readonly gro?: boolean | undefined;
  /** SO_REUSEPORT (socket(7)): several sockets share the port, the kernel spreads peers over them. Default false. */
  readonly reusePort?: boolean | undefined;
  /** IPV6_V6ONLY (ipv6(7)): an IPv6 socket takes no IPv4. Default false. */
  readonly ipv6Only?: boolean | undefined;
  /** SO_RCVBUF in bytes, 4,096 to 1 GiB. Default 4 MiB. What the kernel gave is in `stats()`. */
  readonly receiveBufferSize?: number | undefined;
  /** SO_SNDBUF in bytes, 4,096 to 1 GiB. Default 4 MiB. What the kernel gave is in `stats()`. */
  readonly sendBufferSize?: number | undefined;
  /** How many addresses are remembered at once, 1,024 to 1,048,576. Default 65,536. */
  readonly maxPeers?: number | undefined;
  /** Closes the socket when aborted; `bind` rejects with an AbortError when it was aborted before. */
  readonly signal?: AbortSignal | undefined;
}

const BUFFER_MIN = 4096;
const BUFFER_MAX = 1 << 30;

/** The rules behind `BindOptions`. */
export const BIND_OPTIONS = {
  address: { kind: 'text', doc: 'where to listen: a literal address or a host name' },
  port: { kind: 'integer', default: 0, min: 0, max: 65535, doc: 'local port; 0: any free one' },
  engine: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'native', 'dgram'],
    doc: 'which engine moves the datagrams',
  },
  gso: { kind: 'boolean', default: true, doc: 'send trains with UDP_SEGMENT' },
  gro: { kind: 'boolean', default: true, doc: 'receive trains with UDP_GRO' },
  reusePort: { kind: 'boolean', default: false, doc: 'share the port with other sockets' },
  ipv6Only: { kind: 'boolean', default: false, doc: 'take no IPv4 on an IPv6 socket' },
  receiveBufferSize: {
    kind: 'integer',
    default: 4 << 20,
    min: BUFFER_MIN,
    max: BUFFER_MAX,
    unit: 'bytes',
    doc: 'SO_RCVBUF',
  },
  sendBufferSize: {
    kind: 'integer',
    default: 4 << 20,
    min: BUFFER_MIN,
    max: BUFFER_MAX,
    unit: 'bytes',
    doc: 'SO_SNDBUF',
  },
  maxPeers: {
    kind: 'integer',
    default: 65536,
    min: 1024,
    max: 1 << 20,
    unit: 'addresses',
    doc: 'addresses remembered at once; the longest silent one gives way',
  },
  signal: { kind: 'signal', doc: 'closes the socket when aborted' },
} as const satisfies OptionTable;

/** Options of `bind` after checking, with the environment applied. */
export interface BindConfig extends OptionValues<typeof BIND_OPTIONS> {
  readonly engine: EngineChoice;
  /** Use GSO even on a kernel that is known to corrupt trains (BURSTWIRE_GSO=1). */
  readonly gsoForced: boolean;
  /** The variable that chose the dgram engine over what the caller asked for. */
  readonly engineBecause: string | undefined;
  /** The variables that switched trains off which the caller wanted. */
  readonly trainsBecause: string | undefined;
  /** Overwrite the bytes of a batch when its callback has returned (BURSTWIRE_DEBUG=1). */
  readonly debug: boolean;
  /** The caller named a receive buffer size; a smaller one is then always worth a warning. */
  readonly receiveBufferGiven: boolean;
  readonly sendBufferGiven: boolean;
}

/** What the environment variables say. */
export interface EnvironmentSettings {
  readonly engine: EngineChoice | undefined;
  readonly gso: boolean | undefined;
  readonly gro: boolean | undefined;
  readonly debug: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads BURSTWIRE_ENGINE, BURSTWIRE_GSO, BURSTWIRE_GRO and BURSTWIRE_DEBUG; an empty variable counts as not set.
 *
 * @throws OptionError ERR_OPTION_RANGE naming the variable
 */
export function readEnvironment(env: Environment = process.env): EnvironmentSettings {
  return {
    engine: readChoice(env, 'BURSTWIRE_ENGINE', BIND_OPTIONS.engine.choices),
    gso: readSwitch(env, 'BURSTWIRE_GSO'),
    gro: readSwitch(env, 'BURSTWIRE_GRO'),
    debug: readSwitch(env, 'BURSTWIRE_DEBUG') ?? false,
  };
}

function readSwitch(env: Environment, name: string): boolean | undefined {
  const value = readChoice(env, name, ['0', '1']);
  return value === undefined ? undefined : value === '1';
}

function readChoice<C extends string>(
  env: Environment,
  name: string,
  choices: readonly C[],
): C | undefined {
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new OptionError(
    'ERR_OPTION_RANGE',
    name,
    value,
    `environment variable ${name} must be one of ${choices.join(', ')}, not ${show(value)}`,
  );
}

/**
 * Checks the options of `bind` and applies the environment.
 *
 * @throws OptionError with any of its codes
 */
export function parseBindOptions(given: unknown, env: Environment = process.env): BindConfig {
  const parsed = parseOptions('bind', BIND_OPTIONS, given);
  return resolveBindOptions(parsed.values, parsed.given, readEnvironment(env));
}

/** Applies the environment to checked options; whatever else is among `values` is not looked at. */
export function resolveBindOptions(
  values: OptionValues<typeof BIND_OPTIONS>,
  given: ReadonlySet<string>,
  environment: EnvironmentSettings,
): BindConfig {
  if (values.ipv6Only && canonicalAddress(values.address ?? '')?.family === 'IPv4') {
    throw new OptionError(
      'ERR_OPTION_CONFLICT',
      'ipv6Only',
      true,
      `bind: option 'ipv6Only' contradicts option 'address' ${show(values.address)}, which is IPv4`,
    );
  }
  const dgramByVariable = environment.engine === 'dgram' && values.engine !== 'dgram';
  return Object.freeze({
    ...values,
    engine: environment.engine ?? values.engine,
    engineBecause: dgramByVariable ? 'BURSTWIRE_ENGINE=dgram' : undefined,
    trainsBecause: trainsOff(values, environment),
    gso: values.gso && environment.gso !== false,
    gro: values.gro && environment.gro !== false,
    gsoForced: environment.gso === true,
    debug: environment.debug,
    receiveBufferGiven: given.has('receiveBufferSize'),
    sendBufferGiven: given.has('sendBufferSize'),
  });
}

function trainsOff(
  wanted: { readonly gso: boolean; readonly gro: boolean },
  environment: EnvironmentSettings,
): string | undefined {
  const variables: string[] = [];
  if (wanted.gso && environment.gso === false) variables.push('BURSTWIRE_GSO=0');
  if (wanted.gro && environment.gro === false) variables.push('BURSTWIRE_GRO=0');
  return variables.length > 0 ? variables.join('; ') : undefined;
}
