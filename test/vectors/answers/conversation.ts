/**
 * Two handshakes in which a cookie and a version list are the first answer, with dice that never change.
 *
 * Called by answers.test.ts and by record.ts. Invariant: what is thrown depends on how many bytes are wanted alone, not on
 * the order in which they are.
 */

import { createHash } from 'node:crypto';
import type { Random } from '../../../lib/core/ports.js';
import { hex, Node } from '../../support/handshake-net.js';
import { keyPairOf, testPrimitives } from '../../support/test-primitives.js';

export interface Spoken {
  readonly from: 'initiator' | 'responder';
  readonly bytes: string;
}

export interface Conversation {
  readonly suite: number;
  /** Of the responder, as the second decoder wants them. */
  readonly keys: { readonly static: string; readonly ephemeral: string };
  readonly datagrams: readonly Spoken[];
}

function named(name: string, byteLength: number): Uint8Array {
  const digest = createHash('sha256').update(`burstwire answers ${name} ${byteLength}`).digest();
  return Uint8Array.from(digest.subarray(0, byteLength));
}

function nodeOf(name: string, options: ConstructorParameters<typeof Node>[1]): Node {
  const random: Random = { fill: (bytes) => bytes.set(named(name, bytes.length)) };
  const ephemeral = keyPairOf(named(`${name} ephemeral`, 32));
  const primitives = {
    ...testPrimitives(),
    generateKeyPair: () => ({ ...ephemeral, privateKey: ephemeral.privateKey.slice() }),
  };
  const identity = keyPairOf(named(`${name} static`, 32));
  return new Node(name, { random, primitives, identity, ...options });
}

function talk(suite: number, a: Node, b: Node, isKnown: boolean): Conversation {
  const datagrams: Spoken[] = [];
  a.connect(b, isKnown);
  for (let turn = 0; turn < 6; turn++) {
    const [from, to] = turn % 2 === 0 ? [a, b] : [b, a];
    for (const { bytes } of from.takeSent()) {
      datagrams.push({ from: from === a ? 'initiator' : 'responder', bytes: hex(bytes) });
      to.receive(bytes, from.source);
    }
  }
  const privateKey = (name: string): string => hex(named(`responder ${name}`, 32));
  return {
    suite,
    keys: { static: privateKey('static'), ephemeral: privateKey('ephemeral') },
    datagrams,
  };
}

/** The responder is under load. */
export function cookieConversation(suite: number, isKnown: boolean): Conversation {
  const suites = [suite];
  const a = nodeOf('initiator', { suites });
  const b = nodeOf('responder', { suites, cookiesFrom: 0 });
  return talk(suite, a, b, isKnown);
}

/** The initiator would rather speak a version that the responder does not know. */
export function versionConversation(isKnown: boolean): Conversation {
  const a = nodeOf('initiator', { suites: [1, 3], versions: [0x0a0a0a0a, 0x62770001] });
  const b = nodeOf('responder', { suites: [3, 1] });
  return talk(1, a, b, isKnown);
}

export function conversations(): Readonly<Record<string, Conversation>> {
  return {
    'cookie, IK, suite 1': cookieConversation(1, true),
    'cookie, XX, suite 3': cookieConversation(3, false),
    'version list, IK': versionConversation(true),
    'version list, XX': versionConversation(false),
  };
}
