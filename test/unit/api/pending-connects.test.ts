/** PendingConnects on a fake core: each promise settles once, and lets go of what it held. */

import { describe, expect, it, vi } from 'vitest';
import { parseConnectOptions } from '../../../lib/api/connect-options.js';
import type { Connection } from '../../../lib/api/connection.js';
import { type ConnectFailure, PendingConnects } from '../../../lib/api/pending-connects.js';
import { settled } from './fake-core.js';

const TO = { address: '192.0.2.1', port: 4433 };

function make() {
  let attempts = 0;
  const core = { connect: vi.fn(() => ++attempts), cancel: vi.fn() };
  const book = { idOf: vi.fn(() => 7) };
  const pins = { pin: vi.fn(), unpin: vi.fn() };
  const wake = vi.fn();
  const connects = new PendingConnects({
    core,
    book,
    addresses: pins,
    local: { address: '::', port: 1, family: 'IPv6' },
    ipv6Only: false,
    wake,
  } as never);
  const connect = (options: object = {}) =>
    connects.connect(parseConnectOptions({ ...TO, trust: 'any', ...options }, false));
  return { core, book, pins, wake, connects, connect };
}

const connection = {} as Connection;

describe('a connect', () => {
  it('that succeeds gives what was made, and lets go of the peer', async () => {
    const { pins, wake, connects, connect } = make();
    const promise = connect();
    await settled();
    expect(wake).toHaveBeenCalled();
    expect(connects.succeed(1, () => connection)).toBe('taken');
    expect(await promise).toBe(connection);
    expect(pins.unpin.mock.calls).toEqual(pins.pin.mock.calls);
  });

  it('trusts whoever answers only where that was said, and only until it is decided', async () => {
    const { connects, connect } = make();
    const promises = [connect(), connect({ trust: undefined, publicKey: new Uint8Array(32) })];
    await settled();
    expect([connects.trustsAny(1), connects.trustsAny(2), connects.trustsAny(3)]).toEqual([
      true,
      false,
      false,
    ]);
    connects.succeed(1, () => connection);
    expect(connects.trustsAny(1)).toBe(false);
    connects.succeed(2, () => connection);
    await Promise.all(promises);
  });

  it.each([
    ['timeout', 'ERR_CONNECT_TIMEOUT'],
    ['refused', 'ERR_CONNECT_REFUSED'],
    ['unauthorized', 'ERR_CONNECT_UNAUTHORIZED'],
    ['noCommonVersion', 'ERR_CONNECT_FAILED'],
    ['ownKey', 'ERR_CONNECT_FAILED'],
    ['lowOrderKey', 'ERR_CONNECT_FAILED'],
    ['internalError', 'ERR_CONNECT_FAILED'],
    ['tooManyConnections', 'ERR_TOO_MANY_CONNECTIONS'],
  ] as const)('that fails with %s is rejected with %s', async (reason: ConnectFailure, code) => {
    const { pins, connects, connect } = make();
    const rejected = expect(connect()).rejects.toMatchObject({ name: 'ConnectError', code });
    await settled();
    expect(connects.fail(1, reason)).toMatchObject({ code });
    await rejected;
    expect(connects.fail(1, reason)).toBeUndefined();
    expect(pins.unpin).toHaveBeenCalledTimes(1);
  });

  it('that is aborted never becomes a connection', async () => {
    const { core, pins, connects, connect } = make();
    const abort = new AbortController();
    const rejected = expect(connect({ signal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await settled();
    abort.abort();
    await rejected;
    expect(core.cancel).toHaveBeenCalledExactlyOnceWith(1, expect.any(Number));
    expect(pins.unpin).toHaveBeenCalledTimes(1);
    const maker = vi.fn();
    // The core may have said so in the same turn, before it heard of the abort.
    expect(connects.succeed(1, maker)).toBe('cancelled');
    expect(maker).not.toHaveBeenCalled();
  });

  it('that was decided before is told apart from one that was given up', async () => {
    const { connects, connect } = make();
    const promise = connect();
    await settled();
    connects.succeed(1, () => connection);
    await promise;
    expect(connects.succeed(1, () => connection)).toBe('unknown');
  });

  it('is given up with the endpoint, and none begins after that', async () => {
    const { core, connects, connect } = make();
    const rejected = expect(connect()).rejects.toMatchObject({ code: 'ERR_ENDPOINT_CLOSED' });
    await settled();
    connects.close();
    await rejected;
    await expect(connect()).rejects.toMatchObject({ code: 'ERR_ENDPOINT_CLOSED' });
    expect(core.connect).toHaveBeenCalledTimes(1);
  });

  it('says why a socket cannot reach an address', async () => {
    const { book, connect } = make();
    book.idOf.mockReturnValue(-1);
    await expect(connect()).rejects.toThrow('192.0.2.1:4433 failed: this socket cannot reach it');
    book.idOf.mockReturnValue(-2);
    await expect(connect()).rejects.toThrow('every peer id is in use');
  });
});
