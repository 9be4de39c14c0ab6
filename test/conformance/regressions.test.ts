/**
 * Bugs that were mended: each test is the one that would have caught it.
 */

import { describe, expect, it } from 'vitest';
import { Collector } from './support/collector.js';
import { open } from './support/sockets.js';
import { engines } from './support/variants.js';

describe.each(engines)('regressions: $name', (variant) => {
  it('an IPv4 address written as IPv6 makes an IPv4 socket', async () => {
    const socket = await open(variant, { address: '::ffff:127.0.0.1' });
    expect(socket.address).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
    expect(() => socket.send(new Uint8Array(1), { address: '::1', port: 9 })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }),
    );
    const inbox = new Collector(socket);
    expect(socket.send(new Uint8Array(3), socket.address)).toBe(1);
    await inbox.count(1);
    expect(inbox.datagrams[0].remote).toEqual(socket.address);
  });
});
