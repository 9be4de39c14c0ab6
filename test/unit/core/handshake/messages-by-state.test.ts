/**
 * Every handshake message in every state of both roles: what becomes of it, and that what is dropped changes nothing.
 *
 * `x` is the endpoint under test, `p` its peer; all runs start from the same dice, so that a message recorded in one
 * run is the genuine one in another. The table is the whole truth: a new state or message needs a new row or column.
 */

import { describe, expect, it } from 'vitest';
import { DROP_REASON_NAMES, DROP_REASONS } from '../../../../lib/core/handshake/drop-reasons.js';
import { hex, Node, type NodeOptions } from '../../../support/handshake-net.js';
import { keyPairOf } from '../../../support/test-primitives.js';

interface Run {
  readonly x: Node;
  readonly p: Node;
}

/** `x` has the smaller static key: its initiation wins. */
const identities = [11, 22]
  .map((seed) => keyPairOf(new Uint8Array(32).fill(seed)))
  .sort((left, right) => Buffer.compare(left.publicKey, right.publicKey));

function nodes(xOptions: NodeOptions = {}, pOptions: NodeOptions = {}): Run {
  const rateLimit = { burst: 1000 };
  const x = new Node('x', { identity: identities[0], rateLimit, ...xOptions });
  const p = new Node('p', { identity: identities[1], rateLimit, ...pOptions });
  return { x, p };
}

/** The next datagram of a node. */
function next(node: Node): Uint8Array {
  return node.takeSent()[0].bytes;
}

/** All messages, recorded in runs of their own. `x` sends the first four, `p` the rest. */
function record(): Record<string, Uint8Array> {
  const messages: Record<string, Uint8Array> = {};
  const outward = (known: boolean, name: string): void => {
    const { x, p } = nodes();
    x.connect(p, known);
    const first = next(x);
    messages[`own initiation ${name}`] = first;
    p.receive(first, x.source);
    messages[`response ${name}`] = next(p);
    x.receive(messages[`response ${name}`], p.source);
    if (!known) messages['own final'] = next(x);
  };
  const inward = (known: boolean, name: string): void => {
    const { x, p } = nodes();
    p.connect(x, known);
    messages[`initiation ${name}`] = next(p);
    x.receive(messages[`initiation ${name}`], p.source);
    p.receive(next(x), x.source);
    if (!known) messages.final = next(p);
  };
  const retry = (name: string, options: NodeOptions): void => {
    const { x, p } = nodes({}, options);
    x.connect(p);
    p.receive(next(x), x.source);
    messages[name] = next(p);
  };
  outward(true, 'IK');
  outward(false, 'XX');
  inward(true, 'IK');
  inward(false, 'XX');
  retry('cookie', { cookiesFrom: 0 });
  retry('version list', { suites: [3] });
  const other = nodes({ seed: 99 }, { seed: 98 });
  other.p.connect(other.x, true);
  messages['initiation of a stranger'] = mangleReceiver(next(other.p));
  messages['unknown type'] = messages['own final'].slice();
  messages['unknown type'][0] = 0x86;
  return messages;
}

/** Made for somebody else: its mac1 is under another key. */
function mangleReceiver(message: Uint8Array): Uint8Array {
  const copy = message.slice();
  copy.fill(0x5a, 1168, 1184);
  return copy;
}

const messages = record();

/** How `x` gets into each state, from nothing. */
const states: Record<string, () => Node> = {
  idle: () => nodes().x,
  'IK initiated': () => {
    const { x, p } = nodes();
    x.connect(p);
    return x;
  },
  'IK initiated, has a cookie': () => {
    const x = states['IK initiated']();
    x.receive(messages.cookie, x.source);
    return x;
  },
  'IK established': () => {
    const x = states['IK initiated']();
    x.receive(messages['response IK'], x.source);
    return x;
  },
  'IK confirmed': () => {
    const x = states['IK established']();
    x.confirm(x.outcomes()[0].localId);
    return x;
  },
  'XX initiated': () => {
    const { x, p } = nodes();
    x.connect(p, false);
    return x;
  },
  'XX established': () => {
    const x = states['XX initiated']();
    x.receive(messages['response XX'], peerSource);
    return x;
  },
  'XX confirmed': () => {
    const x = states['XX established']();
    x.confirm(x.outcomes()[0].localId);
    return x;
  },
  'IK answered': () => {
    const { x } = nodes();
    x.receive(messages['initiation IK'], peerSource);
    return x;
  },
  'IK answered, confirmed': () => {
    const x = states['IK answered']();
    x.confirm(x.outcomes()[0].localId);
    return x;
  },
  'XX answered': () => {
    const { x } = nodes();
    x.receive(messages['initiation XX'], peerSource);
    return x;
  },
  'XX answered, final': () => {
    const x = states['XX answered']();
    x.receive(messages.final, peerSource);
    return x;
  },
  'XX answered, confirmed': () => {
    const x = states['XX answered, final']();
    x.confirm(x.outcomes()[0].localId);
    return x;
  },
  'IK waiting': () => {
    const x = states['XX answered']();
    x.connect(nodes().p);
    return x;
  },
  'under load': () => nodes({ cookiesFrom: 0 }).x,
};
const peerSource = nodes().p.source;

/** A state without its clockwork: nothing of it may change when a message is dropped. */
function picture(node: Node): string {
  const summary = node.handshakes
    .describe()
    .map(({ role, state, localId, deadlineUs }) => [role, state, hex(localId), deadlineUs]);
  return JSON.stringify([summary, node.events.length]);
}

const names = Object.keys(messages);

function rowOf(state: string): Record<string, string> {
  const row: Record<string, string> = {};
  for (const name of names) {
    const x = states[state]();
    x.takeSent();
    const before = picture(x);
    const counted = x.handshakes.counts.slice();
    const reason = x.receive(messages[name], peerSource);
    const replies = x.takeSent();
    const changed = Array.from({ length: DROP_REASONS }, (_, index) => index).filter(
      (index) => x.handshakes.counts[index] !== counted[index],
    );
    expect(changed, `${state} / ${name}: counted once`).toEqual([reason]);
    if (reason !== 0) {
      const isHint = replies.length === 1 && replies[0].bytes[0] === 0x81;
      if (!isHint) expect(picture(x), `${state} / ${name}: unchanged`).toBe(before);
    }
    const answers = replies.map(({ bytes }) => `+${bytes[0].toString(16)}`).join('');
    row[name] = `${DROP_REASON_NAMES[reason]}${answers}`;
  }
  return row;
}

/** What most states do with each message; a state below says only where it differs. */
const USUAL: Record<string, string> = {
  'own initiation IK': 'badMac',
  'response IK': 'noHandshake',
  'own initiation XX': 'accepted+82',
  'response XX': 'noHandshake',
  'own final': 'noHandshake',
  'initiation IK': 'accepted+82',
  'initiation XX': 'accepted+82',
  final: 'noHandshake',
  cookie: 'noHandshake',
  'version list': 'noHandshake',
  'initiation of a stranger': 'badMac',
  'unknown type': 'unknownType',
};

const TABLE: Record<string, Record<string, string>> = {
  idle: {},
  'IK initiated': {
    'response IK': 'accepted',
    'own initiation XX': 'reflected',
    'response XX': 'badMac',
    'initiation IK': 'simultaneous+81',
    cookie: 'accepted+81',
    'version list': 'accepted+81',
  },
  'IK initiated, has a cookie': {
    'response IK': 'accepted',
    'own initiation XX': 'reflected',
    'response XX': 'badMac',
    'initiation IK': 'simultaneous+81',
    cookie: 'secondRetry',
    'version list': 'accepted+81',
  },
  'IK established': {
    'response IK': 'wrongState',
    'own initiation XX': 'reflected',
    'response XX': 'wrongState',
    'initiation IK': 'simultaneous',
    'initiation XX': 'simultaneous',
    cookie: 'wrongState',
    'version list': 'wrongState',
  },
  'IK confirmed': {},
  'XX initiated': {
    'response IK': 'badLength',
    'own initiation XX': 'reflected',
    'response XX': 'accepted+83',
    'initiation IK': 'simultaneous+81',
    cookie: 'badMac',
    'version list': 'badMac',
  },
  'XX established': {
    'response IK': 'wrongState',
    'own initiation XX': 'reflected',
    'response XX': 'wrongState',
    'initiation IK': 'simultaneous',
    'initiation XX': 'simultaneous',
    cookie: 'wrongState',
    'version list': 'wrongState',
  },
  'XX confirmed': {},
  'IK answered': {
    'initiation IK': 'duplicate+82',
    final: 'wrongState',
  },
  'IK answered, confirmed': {
    'initiation IK': 'duplicate',
  },
  'XX answered': {
    'initiation XX': 'duplicate+82',
    final: 'accepted',
  },
  'XX answered, final': {
    'initiation XX': 'duplicate+82',
    final: 'wrongState',
  },
  'XX answered, confirmed': {
    'initiation XX': 'duplicate',
  },
  'IK waiting': {
    'initiation XX': 'duplicate+82',
    final: 'accepted',
  },
  'under load': {
    'own initiation XX': 'noCookie+84',
    'initiation IK': 'noCookie+84',
    'initiation XX': 'noCookie+84',
  },
};

describe('messages x states x roles', () => {
  it('knows every message and every state', () => {
    expect(Object.keys(TABLE)).toEqual(Object.keys(states));
    expect(Object.keys(USUAL)).toEqual(names);
  });

  it.each(Object.keys(states))('%s', (state) => {
    const row = rowOf(state);
    expect(row).toEqual({ ...USUAL, ...TABLE[state] });
  });
});
