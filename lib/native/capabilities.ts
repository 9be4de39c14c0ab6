/**
 * From the addon's probe, where each answer is 0 or -errno, to yes, no and why.
 *
 * Called by the binding that `load` makes. Reads two sysctls; opens nothing itself.
 */

import { readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import type { NativeCapabilities, NativeProbe } from './binding.js';

/** What each probed feature is, for the sentence that says why it is missing. */
const FEATURES = {
  recvmmsg: 'recvmmsg(2)',
  sendmmsg: 'sendmmsg(2)',
  gso: 'UDP_SEGMENT (Linux 4.18)',
  gro: 'UDP_GRO (Linux 5.0)',
  ecn: 'IP_RECVTOS',
  pktinfo: 'IP_PKTINFO',
  rxqOvfl: 'SO_RXQ_OVFL',
  txtime: 'SO_TXTIME (Linux 4.19)',
  errqueue: 'IP_RECVERR',
  reusePort: 'SO_REUSEPORT',
  steering: 'SO_ATTACH_REUSEPORT_CBPF (Linux 4.5)',
  ipv6: 'an IPv6 socket',
  ioUring: 'io_uring (Linux 5.1, often switched off by policy)',
} as const;

type Feature = keyof typeof FEATURES;

/** Turns a probe into capabilities. */
export function describeProbe(probe: NativeProbe): NativeCapabilities {
  const reasons: Record<string, string> = {};
  const has = (feature: Feature): boolean => {
    const result = probe[feature];
    if (result >= 0) return true;
    reasons[feature] = `${FEATURES[feature]} is refused: ${getSystemErrorName(result)}`;
    return false;
  };
  if (probe.gsoDenied) {
    reasons['gsoDenied'] = `kernel ${probe.kernel} may corrupt trains; BURSTWIRE_GSO=1 overrides`;
  }
  return {
    kernel: probe.kernel,
    recvmmsg: has('recvmmsg'),
    sendmmsg: has('sendmmsg'),
    gso: has('gso'),
    gro: has('gro'),
    ecn: has('ecn'),
    pktinfo: has('pktinfo'),
    rxqOvfl: has('rxqOvfl'),
    txtime: has('txtime'),
    errqueue: has('errqueue'),
    reusePort: has('reusePort'),
    steering: has('steering'),
    ipv6: has('ipv6'),
    ioUring: has('ioUring'),
    gsoDenied: probe.gsoDenied,
    receiveBufferMax: readSysctl('rmem_max', reasons),
    sendBufferMax: readSysctl('wmem_max', reasons),
    reasons,
  };
}

/** Bytes, or 0 with a reason: network namespaces do not show these two. */
function readSysctl(name: string, reasons: Record<string, string>): number {
  try {
    return Number(readFileSync(`/proc/sys/net/core/${name}`, 'utf8'));
  } catch {
    reasons[name] = `net.core.${name} cannot be read in this network namespace`;
    return 0;
  }
}
