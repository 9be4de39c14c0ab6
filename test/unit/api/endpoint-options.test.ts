/** Options of Endpoint.bind and of connect: what is refused, with which code and words, and what comes out. */

import { describe, expect, it } from 'vitest';
import { parseConnectOptions } from '../../../lib/api/connect-options.js';
import { parseEndpointOptions } from '../../../lib/api/endpoint-options.js';
import { OptionError } from '../../../lib/api/errors.js';
import { generateIdentity } from '../../../lib/crypto/identity.js';

function refusalOf(parse: () => unknown): OptionError {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return error as OptionError;
  }
  throw new Error('it was accepted');
}

const KEY = new Uint8Array(32).fill(9);

describe('endpoint options', () => {
  it('have the defaults of the documentation', () => {
    const { transport, suites, cryptoEngine, identity, bind } = parseEndpointOptions(undefined);
    expect(transport).toMatchObject({
      congestion: 'cubic',
      maxDatagramSize: 65_507,
      idleTimeoutUs: 30_000_000,
      keepAliveUs: 10_000_000,
      maxStreams: 1024,
      maxStreamData: 16 << 20,
      maxConnectionData: 24 << 20,
      maxMessageSize: 16 << 20,
      maxConnections: 16_384,
      rateLimit: Number.POSITIVE_INFINITY,
      connectionRateLimit: Number.POSITIVE_INFINITY,
    });
    expect(suites).toEqual([1, 2, 3]);
    expect(cryptoEngine).toBe('auto');
    expect(identity.publicKey).toHaveLength(32);
    expect(bind.port).toBe(0);
  });

  it('turn into units and limits of the core', () => {
    const { transport, suites } = parseEndpointOptions({
      idleTimeout: 2500,
      keepAlive: 0,
      rateLimit: 1000,
      maxStreamData: 65_536,
      maxConnectionData: 131_072,
      aead: 'chacha20-poly1305',
      congestion: 'newreno',
    });
    expect(transport).toMatchObject({
      idleTimeoutUs: 2_500_000,
      keepAliveUs: Number.POSITIVE_INFINITY,
      rateLimit: 1000,
      // Windows never begin above their largest.
      initialStreamData: 65_536,
      initialConnectionData: 131_072,
      congestion: 'newreno',
    });
    expect(suites).toEqual([3, 1, 2]);
  });

  it.each([
    [{ idleTimeout: 0 }, 'ERR_OPTION_RANGE', 'idleTimeout'],
    [{ idleTimeout: Number.POSITIVE_INFINITY }, 'ERR_OPTION_RANGE', 'idleTimeout'],
    [{ keepAlive: 99 }, 'ERR_OPTION_RANGE', 'keepAlive'],
    [{ keepAlive: '10s' }, 'ERR_OPTION_TYPE', 'keepAlive'],
    [{ maxDatagramSize: 1199 }, 'ERR_OPTION_RANGE', 'maxDatagramSize'],
    [{ maxDatagramSize: 65_508 }, 'ERR_OPTION_RANGE', 'maxDatagramSize'],
    [{ maxStreams: 0 }, 'ERR_OPTION_RANGE', 'maxStreams'],
    [{ maxStreamData: 16_383 }, 'ERR_OPTION_RANGE', 'maxStreamData'],
    [{ maxConnectionData: 2 ** 31 }, 'ERR_OPTION_RANGE', 'maxConnectionData'],
    [{ maxMessageSize: -1 }, 'ERR_OPTION_RANGE', 'maxMessageSize'],
    [{ maxConnections: 1.5 }, 'ERR_OPTION_RANGE', 'maxConnections'],
    [{ rateLimit: Number.NaN }, 'ERR_OPTION_RANGE', 'rateLimit'],
    [{ connectionRateLimit: null }, 'ERR_OPTION_TYPE', 'connectionRateLimit'],
    [{ aead: 'aes-128-ccm' }, 'ERR_OPTION_RANGE', 'aead'],
    [{ cryptoEngine: 'openssl' }, 'ERR_OPTION_RANGE', 'cryptoEngine'],
    [{ congestion: 'vegas' }, 'ERR_OPTION_RANGE', 'congestion'],
    [{ authorize: true }, 'ERR_OPTION_TYPE', 'authorize'],
    [{ identity: {} }, 'ERR_OPTION_TYPE', 'identity'],
    [{ identity: null }, 'ERR_OPTION_TYPE', 'identity'],
    [{ preSharedKey: KEY.subarray(1) }, 'ERR_OPTION_RANGE', 'preSharedKey'],
    [{ preSharedKey: [...KEY] }, 'ERR_OPTION_TYPE', 'preSharedKey'],
    [{ qlog: '' }, 'ERR_OPTION_RANGE', 'qlog'],
    [{ keyLog: 'keys.log' }, 'ERR_OPTION_TYPE', 'keyLog'],
    [{ port: -1 }, 'ERR_OPTION_RANGE', 'port'],
  ])('refuse %o with %s', (given, code, option) => {
    const error = refusalOf(() => parseEndpointOptions(given));
    expect([error.code, error.option]).toEqual([code, option]);
    expect(error.message).toContain(`'${option}'`);
  });

  it('name the nearest option for an unknown one', () => {
    const error = refusalOf(() => parseEndpointOptions({ keepalive: 1000 }));
    expect(error.code).toBe('ERR_OPTION_UNKNOWN');
    expect(error.message).toContain("did you mean 'keepAlive'?");
  });

  it.each(['cubic', 'bbr', 'newreno', 'ledbat'])('take %s', (congestion) => {
    expect(parseEndpointOptions({ congestion }).transport.congestion).toBe(congestion);
  });

  it('show no key, neither in the message nor in the error', () => {
    const identity = { publicKey: KEY, privateKey: 'hunter2' };
    for (const given of [
      { preSharedKey: 'hunter2' },
      { preSharedKey: Buffer.from('hunter2') },
      { identity },
    ]) {
      const error = refusalOf(() => parseEndpointOptions(given));
      expect(error.message).not.toContain('hunter2');
      expect(error.value).toBeUndefined();
    }
  });

  it('refuse an identity whose halves do not belong together', () => {
    const { privateKey } = generateIdentity();
    const { publicKey } = generateIdentity();
    const error = refusalOf(() => parseEndpointOptions({ identity: { publicKey, privateKey } }));
    expect([error.code, error.option]).toEqual(['ERR_OPTION_RANGE', 'identity']);
  });

  it('keep copies of keys', () => {
    const identity = generateIdentity();
    const publicKey = identity.publicKey.slice();
    const preSharedKey = KEY.slice();
    const config = parseEndpointOptions({ identity, preSharedKey });
    identity.publicKey.fill(0);
    identity.privateKey.fill(0);
    preSharedKey.fill(0);
    expect(config.identity.publicKey).toEqual(publicKey);
    expect(config.identity.privateKey.some((byte) => byte !== 0)).toBe(true);
    expect(config.preSharedKey).toEqual(KEY);
  });
});

describe('connect options', () => {
  const TO = { address: '192.0.2.1', port: 4433 };

  it('keep a copy of the key', () => {
    const publicKey = KEY.slice();
    const config = parseConnectOptions({ ...TO, publicKey }, false);
    publicKey.fill(0);
    expect(config.publicKey).toEqual(KEY);
    expect(config.trustsAny).toBe(false);
  });

  it.each([
    [{ port: 1, trust: 'any' }, 'ERR_OPTION_TYPE', 'address'],
    [{ address: 'a', trust: 'any' }, 'ERR_OPTION_TYPE', 'port'],
    [{ ...TO, port: 0, trust: 'any' }, 'ERR_OPTION_RANGE', 'port'],
    [{ ...TO, publicKey: KEY.subarray(1) }, 'ERR_OPTION_RANGE', 'publicKey'],
    [{ ...TO, publicKey: 'aa' }, 'ERR_OPTION_TYPE', 'publicKey'],
    [{ ...TO, trust: 'all' }, 'ERR_OPTION_TYPE', 'trust'],
    [{ ...TO, trust: 'any', family: 'IPv6' }, 'ERR_OPTION_CONFLICT', 'family'],
    [{ ...TO, trust: 'any', family: 4 }, 'ERR_OPTION_TYPE', 'family'],
    [{ ...TO, trust: 'any', signal: 1 }, 'ERR_OPTION_TYPE', 'signal'],
    [{ ...TO, publickey: KEY }, 'ERR_OPTION_UNKNOWN', 'publickey'],
    [undefined, 'ERR_OPTION_TYPE', 'address'],
  ])('refuse %o with %s', (given, code, option) => {
    const error = refusalOf(() => parseConnectOptions(given, false));
    expect([error.code, error.option]).toEqual([code, option]);
  });

  it('want somebody to decide who the peer may be', () => {
    const error = refusalOf(() => parseConnectOptions(TO, false));
    expect(error.code).toBe('ERR_OPTION_CONFLICT');
    expect(error.message).toContain("trust: 'any'");
    expect(parseConnectOptions(TO, true).publicKey).toBeUndefined();
    expect(parseConnectOptions({ ...TO, trust: 'any' }, false).trustsAny).toBe(true);
  });
});
