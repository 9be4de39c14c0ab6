/**
 * Handshake messages: into the parsers, and with a mac1 that fits into a responder. Nothing throws, each message is
 * counted once, and no more bytes come out than went in.
 */

import { DROP_REASONS } from '../../../lib/core/handshake/drop-reasons.js';
import { mac1Key, writeMac1 } from '../../../lib/core/handshake/macs.js';
import {
  encodeInitiationHead,
  parametersOf,
  parseInitiation,
  parseVersionList,
} from '../../../lib/core/handshake/messages.js';
import { Node } from '../../support/handshake-net.js';
import { toyPrimitives } from '../../support/toy-primitives.js';
import { must, type Target } from '../target.js';

const INITIATION_BYTES = 1200;
const STRANGERS_KEY = new Uint8Array(32);

/** A conversation of each kind, message by message. */
function genuine(): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const isKnown of [true, false]) {
    for (const suites of [[1, 2, 3], [3]]) {
      const a = new Node('a', { primitives: toyPrimitives(1), suites });
      const b = new Node('b', { primitives: toyPrimitives(2), suites: [3, 1] });
      a.connect(b, isKnown);
      for (let turn = 0; turn < 4; turn++) {
        const [from, to] = turn % 2 === 0 ? [a, b] : [b, a];
        for (const { bytes } of from.takeSent()) {
          messages.push(bytes);
          to.receive(bytes, from.source);
        }
      }
    }
  }
  return messages;
}

function parse(input: Uint8Array): void {
  const initiation = parseInitiation(input);
  if (initiation !== undefined) {
    const { head, noise } = initiation;
    must(head.length + noise.length + 32 === INITIATION_BYTES, 'parts that do not add up');
    const again = encodeInitiationHead(initiation);
    // Whoever calls the parser has looked at the type, which is the first byte.
    must(Buffer.compare(again.subarray(1), head.subarray(1)) === 0, 'a head that changes');
  }
  if (input.length > 37) parseVersionList(input);
  const parameters = parametersOf(input, 8);
  must(parameters === undefined || parameters.length <= 768, 'parameters that are too long');
}

/** An initiation's length, and a mac1 of one who knows the key, or of a stranger: else all ends at the prefilter. */
function withMac1(input: Uint8Array, node: Node): Uint8Array {
  if (input[0] !== 0x81) return input;
  const message = new Uint8Array(INITIATION_BYTES);
  message.set(input.subarray(0, INITIATION_BYTES));
  const isStranger = message[21] === 2 || message[21] === 4;
  const known = isStranger ? STRANGERS_KEY : node.identity.publicKey;
  writeMac1(node.primitives, mac1Key(node.primitives, known), message);
  return message;
}

export const handshake: Target = {
  name: 'handshake',
  maxBytes: INITIATION_BYTES + 20,
  seeds: genuine,
  run(input) {
    parse(input);
    const node = new Node('b', { primitives: toyPrimitives(2), suites: [3, 1] });
    const peer = new Node('a', { primitives: toyPrimitives(1) });
    // It has an attempt of its own under way, so that answers mean something.
    node.connect(peer);
    node.takeSent();
    const message = withMac1(input, node);
    const reason = node.receive(message, peer.source);
    must(reason >= 0 && reason < DROP_REASONS, 'no reason that there is');
    const counted = node.handshakes.counts.reduce((sum, count) => sum + count, 0);
    must(counted === 1, `counted ${counted} times`);
    const sent = node.takeSent().reduce((sum, { bytes }) => sum + bytes.length, 0);
    must(
      sent <= message.length + INITIATION_BYTES,
      'more bytes than came in, and a retransmission',
    );
    while (node.handshakes.deadlineUs < 100_000_000 && node.timer());
  },
};
