/**
 * Every option and argument of the secure transport with what it is not: an error with a code, at once, and no harm.
 */

import { describe, expect, it } from 'vitest';
import { type Connection, Endpoint, type EndpointOptions, OptionError } from '../../lib/index.js';
import { open, pair } from './support/pair.js';
import { engines } from './support/variants.js';

const UNKNOWN = 'ERR_OPTION_UNKNOWN';
const TYPE = 'ERR_OPTION_TYPE';
const RANGE = 'ERR_OPTION_RANGE';

/** What no option of that kind is. */
const noNumber = ['1', null, true, 1n, {}, [], () => 1];
const noText = [1, null, true, {}, []];
const noBytes = ['32 bytes', 32, null, new ArrayBuffer(32), new Array(32).fill(0), {}];

const bindOptions: readonly (readonly [string, readonly unknown[], readonly unknown[]])[] = [
  ['address', noText, ['']],
  ['port', noNumber, [-1, 65_536, 1.5, Number.NaN]],
  ['engine', noText, ['', 'NATIVE', 'uring']],
  ['gso', [0, 'yes', null], []],
  ['gro', [1, 'no', null], []],
  ['reusePort', [1, 'yes', null], []],
  ['ipv6Only', [1, 'yes', null], []],
  ['receiveBufferSize', noNumber, [-1, 0.5, Number.POSITIVE_INFINITY]],
  ['sendBufferSize', noNumber, [-1, 0.5, Number.POSITIVE_INFINITY]],
  ['identity', [...noBytes, { publicKey: new Uint8Array(32) }], []],
  ['congestion', noText, ['', 'reno', 'bbr3', 'ledbat++', 'CUBIC']],
  ['aead', noText, ['', 'aes-128-ccm', 'AES-128-GCM']],
  ['cryptoEngine', noText, ['', 'openssl']],
  ['maxDatagramSize', noNumber, [1199, 65_508, 1200.5]],
  ['idleTimeout', noNumber, [999, 86_400_001, Number.POSITIVE_INFINITY]],
  ['keepAlive', noNumber, [-1, 1, 99, 86_400_001]],
  ['maxStreams', noNumber, [0, 65_537, 1.5]],
  ['maxStreamData', noNumber, [16_383, (1 << 30) + 1]],
  ['maxConnectionData', noNumber, [16_383, (1 << 30) + 1]],
  ['maxMessageSize', noNumber, [-1, (256 << 20) + 1]],
  ['maxConnections', noNumber, [0, 65_537]],
  ['rateLimit', noNumber, [-1, 1e12 + 1, Number.POSITIVE_INFINITY]],
  ['connectionRateLimit', noNumber, [-1, 1e12 + 1, Number.POSITIVE_INFINITY]],
  ['preSharedKey', noBytes, [new Uint8Array(31), new Uint8Array(33), new Uint8Array(0)]],
  ['authorize', [true, 'everybody', null, {}], []],
  ['shard', [1, null, 'first', () => 1], []],
  ['qlog', [1, null, true, {}], ['']],
  ['signal', [1, null, true, {}, new EventTarget()], []],
];

const connectOptions: readonly (readonly [string, readonly unknown[], readonly unknown[]])[] = [
  ['address', noText, ['']],
  ['port', noNumber, [-1, 0, 65_536, 1.5]],
  ['family', [4, 6, 'ipv4', null], []],
  ['publicKey', noBytes, [new Uint8Array(31), new Uint8Array(33)]],
  ['trust', [true, 'all', null, 1], []],
  ['signal', [1, null, true, {}], []],
];

/** The error that a call throws at once. */
function thrownBy(call: () => unknown): OptionError {
  try {
    call();
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function check(
  rules: typeof bindOptions,
  call: (name: string, value: unknown) => () => unknown,
): void {
  for (const [name, types, ranges] of rules) {
    for (const value of types) {
      const { code, option } = thrownBy(call(name, value));
      expect({ name, value, code, option }).toEqual({ name, value, code: TYPE, option: name });
    }
    for (const value of ranges) {
      const { code, option } = thrownBy(call(name, value));
      expect({ name, value, code, option }).toEqual({ name, value, code: RANGE, option: name });
    }
  }
}

describe('options', () => {
  it('of bind are what they are said to be', () => {
    check(bindOptions, (name, value) => () => Endpoint.bind({ [name]: value }));
  });

  it('of bind that nobody knows name the nearest', () => {
    for (const [wrong, near] of [
      ['idletimeout', 'idleTimeout'],
      ['psk', undefined],
      ['maxStream', 'maxStreams'],
      ['authorise', 'authorize'],
    ] as const) {
      const error = thrownBy(() => Endpoint.bind({ [wrong]: 1 } as EndpointOptions));
      expect(error.code).toBe(UNKNOWN);
      if (near !== undefined) expect(error.message).toContain(`did you mean '${near}'?`);
    }
    for (const options of [null, 7, 'x', [], () => {}]) {
      expect(thrownBy(() => Endpoint.bind(options as never)).code).toBe(TYPE);
    }
  });

  it('of connect are what they are said to be', async () => {
    const client = await open(engines[0]!);
    const good = { address: '127.0.0.1', port: 9, trust: 'any' };
    check(
      connectOptions,
      (name, value) => () => client.connect({ ...good, [name]: value } as never),
    );
    for (const [options, code] of [
      [undefined, TYPE],
      [null, TYPE],
      [{ port: 9, trust: 'any' }, TYPE],
      [{ address: '127.0.0.1', trust: 'any' }, TYPE],
      [{ address: '127.0.0.1', port: 9 }, 'ERR_OPTION_CONFLICT'],
      [{ ...good, family: 'IPv6' }, 'ERR_OPTION_CONFLICT'],
      [{ ...good, host: 'example' }, UNKNOWN],
    ] as const) {
      expect({ options, code: thrownBy(() => client.connect(options as never)).code }).toEqual({
        options,
        code,
      });
    }
    expect(client.stats().handshakesSent).toBe(0);
  });

  it('of calls on endpoints and connections are what they are said to be', async () => {
    const { server, here, there } = await pair(engines[0]!);
    const calls: readonly [string, (options: never) => unknown][] = [
      ['endpoint.close', (options) => server.close(options)],
      ['connection.close', (options) => here.close(options)],
      ['connection.destroy', (options) => here.destroy(options)],
      ['openStream', (options) => here.openStream(options)],
    ];
    for (const [name, call] of calls) {
      for (const options of [7, 'x', null, []]) {
        expect({ name, code: thrownBy(() => call(options as never)).code }).toEqual({
          name,
          code: TYPE,
        });
      }
      expect(thrownBy(() => call({ nothing: 1 } as never)).code).toBe(UNKNOWN);
    }
    for (const [, call] of calls.slice(0, 3)) {
      for (const code of noNumber) expect(thrownBy(() => call({ code } as never)).code).toBe(TYPE);
      for (const code of [-1, 0.5, 2 ** 53, Number.NaN]) {
        expect(thrownBy(() => call({ code } as never)).code).toBe(RANGE);
      }
      for (const reason of noText) {
        expect(thrownBy(() => call({ reason } as never)).code).toBe(TYPE);
      }
    }
    for (const [options, code] of [
      [{ unidirectional: 1 }, TYPE],
      [{ unidirectional: 'yes' }, TYPE],
      [{ highWaterMark: -1 }, RANGE],
      [{ highWaterMark: '1' }, TYPE],
      [{ signal: {} }, TYPE],
      [{ urgency: 8 }, RANGE],
      [{ urgency: '1' }, TYPE],
      [{ weight: 0 }, RANGE],
    ] as const) {
      expect(thrownBy(() => here.openStream(options as never)).code).toBe(code);
    }
    // Nothing of all that has done anything.
    await here.sendMessage(Buffer.from('unharmed'));
    expect([here, there].map((connection) => connection.stats().streamsActive)).toEqual([0, 0]);
  });

  it('can be given an object without a prototype, and with undefined for what is left out', async () => {
    const options: EndpointOptions = Object.assign(Object.create(null), {
      address: '127.0.0.1',
      port: undefined,
      identity: undefined,
      signal: undefined,
    });
    const endpoint = await Endpoint.bind(options);
    await endpoint.close({ code: undefined, reason: undefined });
  });
});

describe('arguments', () => {
  it('that are no bytes are a TypeError', async () => {
    const { here } = await pair(engines[0]!);
    const calls: readonly ((connection: Connection, bytes: never) => unknown)[] = [
      (connection, bytes) => connection.sendMessage(bytes),
      (connection, bytes) => connection.sendDatagram(bytes),
    ];
    for (const call of calls) {
      for (const bytes of [undefined, null, 'text', 7, {}, [1], new ArrayBuffer(1)]) {
        expect(() => call(here, bytes as never)).toThrow(
          expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }),
        );
      }
    }
    await here.sendMessage(Buffer.from('unharmed'));
  });

  it('cannot make a connection or an endpoint without the library', () => {
    expect(() => new (Endpoint as never as new () => unknown)()).toThrow();
  });
});
