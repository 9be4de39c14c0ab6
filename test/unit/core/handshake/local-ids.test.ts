/**
 * Connection ids of our choice: one that a handshake has is not given again, whoever has begun it; nor is the one of zeros,
 * which is nobody's.
 */

import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../../../lib/core/handshake/messages.js';
import { Node } from '../../../support/handshake-net.js';

/** A node whose ids are made of these numbers, one after the other. */
function nodeWith(name: string, ...numbers: number[]): Node {
  return new Node(name, {
    fillConnectionId(id) {
      const next = numbers.shift();
      if (next === undefined) throw new Error('asked for more ids than were expected');
      id.fill(next);
    },
  });
}

/** The ids that it has put into the messages that it sent since the last look. */
const idsOf = (node: Node): number[] => node.takeSent().map(({ bytes }) => sourceOf(bytes)[0]);

/** Takes a stranger's first message (XX): its connection comes later, so only the handshake has the id. */
function answer(node: Node, name: string): void {
  const stranger = new Node(name);
  stranger.connect(node, false);
  for (const { bytes } of stranger.takeSent()) node.receive(bytes, stranger.source);
}

describe('a connection id that is drawn twice', () => {
  it('goes to one of two attempts of ours', () => {
    const node = nodeWith('a', 1, 1, 2);
    node.connect(new Node('b'));
    node.connect(new Node('c'));
    expect(idsOf(node)).toEqual([1, 2]);
  });

  it('goes to one of two handshakes of peers', () => {
    const node = nodeWith('a', 1, 1, 2);
    answer(node, 'b');
    answer(node, 'c');
    expect(idsOf(node)).toEqual([1, 2]);
  });

  it('goes to an attempt of ours, and not to a handshake of a peer as well', () => {
    const node = nodeWith('a', 1, 1, 2);
    node.connect(new Node('b'));
    answer(node, 'c');
    expect(idsOf(node)).toEqual([1, 2]);
  });

  it('goes to a handshake of a peer, and not to an attempt of ours as well', () => {
    const node = nodeWith('a', 1, 1, 2);
    answer(node, 'b');
    node.connect(new Node('c'));
    expect(idsOf(node)).toEqual([1, 2]);
  });

  it('is none of those that a connection gets beside its first, while a handshake has it', () => {
    const node = nodeWith('a', 1, 2, 1, 2, 3);
    node.connect(new Node('b'));
    answer(node, 'c');
    expect(node.handshakes.newConnectionId()[0]).toBe(3);
  });
});

describe('a connection id of zeros', () => {
  it('is drawn again', () => {
    const node = nodeWith('a', 0, 7);
    node.connect(new Node('b'));
    expect(idsOf(node)).toEqual([7]);
  });
});
