/** The dgram engine's inbox: in order, and bounded in datagrams and bytes. */

import { describe, expect, it } from 'vitest';
import { DgramInbox, INBOX_BYTES, INBOX_DATAGRAMS } from '../../../lib/io/dgram-inbox.js';

function datagram(port: number, size = 1) {
  return { bytes: new Uint8Array(size), address: '192.0.2.1', port };
}

describe('DgramInbox', () => {
  it('gives back what it was given, in order, over many rounds', () => {
    const inbox = new DgramInbox();
    let pushed = 0;
    let dropped = 0;
    for (let round = 0; round < 50; round++) {
      for (let count = 0; count < 100; count++) expect(inbox.push(datagram(pushed++))).toBe(true);
      for (let count = 0; count < 95; count++) {
        expect(inbox.peek()?.port).toBe(dropped++);
        inbox.drop();
      }
      expect(inbox.length).toBe(pushed - dropped);
    }
  });

  it('refuses what is too many', () => {
    const inbox = new DgramInbox();
    for (let port = 0; port < INBOX_DATAGRAMS; port++) inbox.push(datagram(port));
    expect(inbox.full).toBe(true);
    expect(inbox.push(datagram(9))).toBe(false);
    inbox.drop();
    expect(inbox.push(datagram(9))).toBe(true);
  });

  it('refuses what is too much', () => {
    const inbox = new DgramInbox();
    let held = 0;
    while (inbox.push(datagram(1, 60_000))) held += 60_000;
    expect(held).toBeLessThanOrEqual(INBOX_BYTES);
    expect(held).toBeGreaterThan(INBOX_BYTES - 2 * 65536);
    inbox.clear();
    expect([inbox.length, inbox.full, inbox.peek()]).toEqual([0, false, undefined]);
  });
});
