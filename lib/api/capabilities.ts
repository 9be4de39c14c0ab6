/**
 * `capabilities`: what this system and this process can do, without opening a socket for good.
 *
 * Called by the application and by `burstwire doctor`.
 *
 * Invariant: it never throws, and each `false` has its reason.
 */

import { release } from 'node:os';
import { nativeCapabilities } from '../io/open-socket.js';
import { type EnvironmentSettings, readEnvironment } from './bind-options.js';

/** See `capabilities()`. Sizes in bytes. Frozen. */
export interface Capabilities {
  /** `process.platform`. */
  readonly platform: string;
  /** `process.arch`. */
  readonly arch: string;
  /** The kernel's release, such as '6.18.44'. */
  readonly kernel: string;
  /** What `bind()` takes by itself, the environment considered. */
  readonly engine: 'native' | 'dgram';
  readonly recvmmsg: boolean;
  readonly sendmmsg: boolean;
  /** The native engine can send trains (UDP_SEGMENT), and no variable switches that off. */
  readonly gso: boolean;
  /** The native engine can receive trains (UDP_GRO), and no variable switches that off. */
  readonly gro: boolean;
  /** ECN marks can be read and written. */
  readonly ecn: boolean;
  /** The local address of each datagram can be read and chosen (IP_PKTINFO). */
  readonly pktinfo: boolean;
  /** The kernel's drops are counted (SO_RXQ_OVFL). */
  readonly rxqOvfl: boolean;
  /** Datagrams could be given a departure time (SO_TXTIME). Not used yet. */
  readonly txtime: boolean;
  /** ICMP errors could be read (IP_RECVERR). Not used. */
  readonly errqueue: boolean;
  /** SO_REUSEPORT. */
  readonly reusePort: boolean;
  /** A group of sockets can be steered by connection id (SO_ATTACH_REUSEPORT_CBPF): see `ShardGroup`. */
  readonly steering: boolean;
  /** The machine has IPv6. */
  readonly ipv6: boolean;
  /** io_uring is allowed. Not used. */
  readonly ioUring: boolean;
  /** The largest buffers that the kernel gives without privileges; 0 when not known. */
  readonly receiveBufferMax: number;
  readonly sendBufferMax: number;
  /** The kernel is known to corrupt trains: GSO stays off unless BURSTWIRE_GSO=1. */
  readonly gsoDenied: boolean;
  /** Why not, by the name of what is missing. */
  readonly reasons: Readonly<Record<string, string>>;
}

const FEATURES = [
  'recvmmsg',
  'sendmmsg',
  'gso',
  'gro',
  'ecn',
  'pktinfo',
  'rxqOvfl',
  'txtime',
  'errqueue',
  'reusePort',
  'steering',
  'ipv6',
  'ioUring',
] as const;

/** What this system and this process can do. Never throws. */
export function capabilities(): Capabilities {
  const reasons: Record<string, string> = {};
  const environment = environmentOrReason(reasons);
  const { capabilities: native, reason } = nativeCapabilities();
  const found = {
    platform: process.platform,
    arch: process.arch,
    kernel: native?.kernel ?? release(),
    engine: chooseEngine(native !== undefined, reason, environment, reasons),
    receiveBufferMax: native?.receiveBufferMax ?? 0,
    sendBufferMax: native?.sendBufferMax ?? 0,
    gsoDenied: native?.gsoDenied ?? false,
    reasons,
  };
  const can = {} as Record<(typeof FEATURES)[number], boolean>;
  for (const feature of FEATURES) {
    can[feature] = native?.[feature] ?? false;
    if (can[feature]) continue;
    // Why it is missing is said once, as the reason of `engine`.
    reasons[feature] =
      native === undefined
        ? 'needs the native engine'
        : (native.reasons[feature] ?? 'this kernel does not offer it');
  }
  if (can.gso && environment.gso === false) {
    can.gso = false;
    reasons.gso = 'switched off by BURSTWIRE_GSO=0';
  } else if (can.gso && found.gsoDenied && environment.gso !== true) {
    can.gso = false;
    reasons.gso = 'this kernel version is known to corrupt trains; BURSTWIRE_GSO=1 forces it on';
  }
  if (can.gro && environment.gro === false) {
    can.gro = false;
    reasons.gro = 'switched off by BURSTWIRE_GRO=0';
  }
  return Object.freeze({ ...found, ...can, reasons: Object.freeze(reasons) });
}

function environmentOrReason(reasons: Record<string, string>): EnvironmentSettings {
  try {
    return readEnvironment();
  } catch (error) {
    reasons.environment = (error as Error).message;
    return { engine: undefined, gso: undefined, gro: undefined, debug: false };
  }
}

function chooseEngine(
  loaded: boolean,
  reason: string | undefined,
  environment: EnvironmentSettings,
  reasons: Record<string, string>,
): 'native' | 'dgram' {
  const because: string[] = [];
  if (environment.engine === 'dgram') because.push('BURSTWIRE_ENGINE=dgram');
  if (!loaded) because.push(reason ?? 'the addon could not be loaded');
  if (because.length === 0) return 'native';
  reasons.engine = because.join('; ');
  return 'dgram';
}
