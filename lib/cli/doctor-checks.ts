/**
 * From what was found out to what a person should know: one line for each thing that matters, and how to get what is
 * missing. Pure.
 *
 * Called by `burstwire doctor`. Invariant: everything that is not 'ok' says why, and says what to do where something
 * can be done.
 */

import type { Capabilities } from '../udp.js';
import { SELF_TEST_BYTES, SELF_TEST_DATAGRAMS, type SelfTest } from './self-test.js';

export type CheckState = 'ok' | 'missing' | 'note';

export interface Check {
  readonly name: string;
  readonly state: CheckState;
  readonly text: string;
  /** Commands or steps, one a line. */
  readonly remedy?: readonly string[];
}

/** What the process can find out beside `capabilities()`. */
export interface Surroundings {
  /** Version line of a C++ compiler, null without one. */
  readonly compiler: string | null;
  /** Values of sysctls by name, null where unreadable. */
  readonly sysctls: Readonly<Record<string, string | null>>;
}

/** What `bind` asks for by default. */
const WANTED_BUFFER_BYTES = 4 << 20;
const ADDON_REMEDY = [
  'linux on x64 or arm64: reinstall, the package brings the addon: npm install burstwire',
  'from a clone: install a C++20 compiler (Debian: sudo apt-get install g++ make python3), then: npm run build',
];

export function listChecks(found: Capabilities, around: Surroundings, test: SelfTest): Check[] {
  const native = found.engine === 'native';
  return [
    engineCheck(found),
    ...(native ? nativeChecks(found) : []),
    bufferCheck('receive buffer', 'net.core.rmem_max', found.receiveBufferMax, around),
    bufferCheck('send buffer', 'net.core.wmem_max', found.sendBufferMax, around),
    compilerCheck(around, native),
    testCheck(test),
  ];
}

function engineCheck(found: Capabilities): Check {
  if (found.engine === 'native') {
    return { name: 'engine', state: 'ok', text: 'native: the addon is loaded' };
  }
  const reason = found.reasons.engine ?? 'the addon could not be loaded';
  const base = {
    name: 'engine',
    text: `dgram: everything works, one datagram a call and slower. Why: ${reason}`,
  };
  if (process.env.BURSTWIRE_ENGINE === 'dgram') {
    return { ...base, state: 'note', remedy: ['unset BURSTWIRE_ENGINE'] };
  }
  const named = process.env.BURSTWIRE_NATIVE ?? '';
  if (named !== '') {
    const state = reason === `BURSTWIRE_NATIVE=${named}` ? 'note' : 'missing';
    return { ...base, state, remedy: ['unset BURSTWIRE_NATIVE'] };
  }
  if (found.platform !== 'linux') return { ...base, state: 'note' };
  // No addon of ours will make them able.
  const isOther = ['bun', 'deno'].some((name) => process.versions[name] !== undefined);
  if (isOther) return { ...base, state: 'note', remedy: ['Node.js 20.19 or later has it'] };
  return { ...base, state: 'missing', remedy: ADDON_REMEDY };
}

type Feature =
  | 'gso'
  | 'gro'
  | 'sendmmsg'
  | 'recvmmsg'
  | 'ecn'
  | 'pktinfo'
  | 'rxqOvfl'
  | 'steering'
  | 'ipv6';

/** What each feature is good for, and what its absence costs. */
const FEATURES: Readonly<
  Record<Feature, { title: string; good: string; without: string; remedy?: readonly string[] }>
> = {
  gso: {
    title: 'GSO (send trains)',
    good: 'up to 64 datagrams cross the kernel as one (UDP_SEGMENT)',
    without: 'each datagram crosses the kernel alone',
    remedy: ['Linux 4.18 or later; BURSTWIRE_GSO must not be 0'],
  },
  gro: {
    title: 'GRO (receive trains)',
    good: 'trains are received whole and split in one go (UDP_GRO)',
    without: 'each datagram is received alone',
    remedy: ['Linux 5.0 or later; BURSTWIRE_GRO must not be 0'],
  },
  sendmmsg: {
    title: 'sendmmsg',
    good: 'many messages in one system call',
    without: 'one system call a message',
    remedy: ['a sandbox (seccomp) refuses it: allow sendmmsg in its profile'],
  },
  recvmmsg: {
    title: 'recvmmsg',
    good: 'many messages in one system call',
    without: 'one system call a message',
    remedy: ['a sandbox (seccomp) refuses it: allow recvmmsg in its profile'],
  },
  ecn: {
    title: 'ECN',
    good: 'congestion marks are read and written',
    without: 'batch.ecn(i) is always 0',
  },
  pktinfo: {
    title: 'local address',
    good: 'the destination address of each datagram is known (IP_PKTINFO)',
    without: "batch.local(i) is the socket's own address",
  },
  rxqOvfl: {
    title: 'drop counter',
    good: "the kernel's drops are counted (SO_RXQ_OVFL)",
    without: 'stats().kernelDrops stays 0',
  },
  steering: {
    title: 'steering (shards)',
    good: 'workers that share a port get the packets of their connections (SO_ATTACH_REUSEPORT_CBPF)',
    without: 'workers that share a port lose a peer whose address changes',
    remedy: ['Linux 4.5 or later; a sandbox (seccomp, gVisor) may refuse it'],
  },
  ipv6: {
    title: 'IPv6',
    good: "bind() listens on '::' for both families",
    without: "bind() listens on '0.0.0.0'",
  },
};

function nativeChecks(found: Capabilities): Check[] {
  const names = Object.keys(FEATURES) as Feature[];
  const checks = names.map((name): Check => {
    const { title, good, without, remedy } = FEATURES[name];
    if (found[name]) return { name: title, state: 'ok', text: good };
    const reason = found.reasons[name] ?? 'no reason given';
    const text = `${without}. Why: ${reason}`;
    const known = name === 'gso' && found.gsoDenied ? GSO_DENIED_REMEDY : remedy;
    const state = remedy === undefined ? 'note' : 'missing';
    return { name: title, state, text, ...(known === undefined ? {} : { remedy: known }) };
  });
  return [...checks, unusedCheck(found)];
}

const GSO_DENIED_REMEDY = [
  'Linux 7.0.0 to 7.1.4 corrupts trains on some drivers: update the kernel,',
  'or set BURSTWIRE_GSO=1 where the network card is known to be unaffected',
];

/** Features that the kernel has and the package does not need yet. */
function unusedCheck(found: Capabilities): Check {
  const yes = (can: boolean) => (can ? 'yes' : 'no');
  const text = `io_uring: ${yes(found.ioUring)}, departure times: ${yes(found.txtime)} (neither is used yet)`;
  return { name: 'also', state: 'ok', text };
}

function bufferCheck(name: string, sysctl: string, known: number, around: Surroundings): Check {
  const limit = known > 0 ? known : Number(around.sysctls[sysctl] ?? Number.NaN);
  if (!Number.isFinite(limit)) {
    return { name, state: 'note', text: `${sysctl} cannot be read here` };
  }
  const text = `${sysctl} is ${limit.toLocaleString('en-US')} bytes`;
  if (limit >= WANTED_BUFFER_BYTES) return { name, state: 'ok', text };
  return {
    name,
    state: 'missing',
    text: `${text}: sockets get less than the ${WANTED_BUFFER_BYTES.toLocaleString('en-US')} they ask for, and bursts are dropped sooner`,
    remedy: [
      `now:            sudo sysctl -w ${sysctl}=${WANTED_BUFFER_BYTES}`,
      `for good:       echo '${sysctl} = ${WANTED_BUFFER_BYTES}' | sudo tee -a /etc/sysctl.d/90-burstwire.conf`,
    ],
  };
}

function compilerCheck(around: Surroundings, native: boolean): Check {
  const name = 'compiler';
  if (around.compiler !== null) return { name, state: 'ok', text: around.compiler };
  const what = native ? "needed only for the benchmark's C++ rows" : 'needed to build the addon';
  return {
    name,
    state: 'note',
    text: `no g++, clang++ or c++ found; ${what}`,
    remedy: ['Debian, Ubuntu: sudo apt-get install g++'],
  };
}

function testCheck(test: SelfTest): Check {
  const name = 'self-test';
  const size = `${SELF_TEST_DATAGRAMS} datagrams of ${SELF_TEST_BYTES} bytes`;
  if (test.error !== undefined) {
    return { name, state: 'missing', text: `${size} to itself: ${test.error}` };
  }
  const calls = `${test.sendCalls} ${plural('call', test.sendCalls)} to send, ${test.receiveCalls} to receive`;
  const trains =
    test.trainsSent > 0
      ? `sent as ${test.trainsSent} ${plural('train', test.trainsSent)}, ${test.segmentsReceived} received in trains`
      : 'no trains';
  const text = `${size} to itself: ${test.received} arrived${test.intact ? '' : ', CHANGED'}; ${calls}; ${trains}`;
  if (test.ok) return { name, state: 'ok', text };
  return { name, state: 'missing', text, remedy: ['a firewall on the loopback interface?'] };
}

function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}
