/** Options: what is refused, with which code and words, and what the environment changes. */

import { describe, expect, it } from 'vitest';
import { BIND_OPTIONS, parseBindOptions, readEnvironment } from '../../../lib/api/bind-options.js';
import { OptionError, show } from '../../../lib/api/errors.js';
import { editDistance, nearest } from '../../../lib/api/nearest.js';
import { parseOptions } from '../../../lib/api/option-table.js';

function refusal(given: unknown, env: Record<string, string> = {}): OptionError {
  try {
    parseBindOptions(given, env);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return error as OptionError;
  }
  throw new Error(`${show(given)} was accepted`);
}

describe('bind options', () => {
  it('fills in the defaults and freezes the result', () => {
    const config = parseBindOptions(undefined, {});
    expect(config).toMatchObject({
      address: undefined,
      port: 0,
      engine: 'auto',
      gso: true,
      gro: true,
      reusePort: false,
      ipv6Only: false,
      receiveBufferSize: 4 << 20,
      sendBufferSize: 4 << 20,
      maxPeers: 65536,
      signal: undefined,
      gsoForced: false,
      debug: false,
      receiveBufferGiven: false,
      sendBufferGiven: false,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('remembers which buffer sizes the caller named', () => {
    const config = parseBindOptions({ receiveBufferSize: 4 << 20 }, {});
    expect(config.receiveBufferGiven).toBe(true);
    expect(config.sendBufferGiven).toBe(false);
  });

  it.each([
    [{ port: -1 }, 'ERR_OPTION_RANGE', 'port'],
    [{ port: 65536 }, 'ERR_OPTION_RANGE', 'port'],
    [{ port: 2 ** 32 + 53 }, 'ERR_OPTION_RANGE', 'port'],
    [{ port: 1.5 }, 'ERR_OPTION_RANGE', 'port'],
    [{ port: Number.NaN }, 'ERR_OPTION_RANGE', 'port'],
    [{ port: '53' }, 'ERR_OPTION_TYPE', 'port'],
    [{ port: null }, 'ERR_OPTION_TYPE', 'port'],
    [{ address: '' }, 'ERR_OPTION_RANGE', 'address'],
    [{ address: 127 }, 'ERR_OPTION_TYPE', 'address'],
    [{ engine: 'fast' }, 'ERR_OPTION_RANGE', 'engine'],
    [{ engine: true }, 'ERR_OPTION_TYPE', 'engine'],
    [{ gso: 1 }, 'ERR_OPTION_TYPE', 'gso'],
    [{ receiveBufferSize: 4095 }, 'ERR_OPTION_RANGE', 'receiveBufferSize'],
    [{ sendBufferSize: 2 ** 31 }, 'ERR_OPTION_RANGE', 'sendBufferSize'],
    [{ maxPeers: 1023 }, 'ERR_OPTION_RANGE', 'maxPeers'],
    [{ signal: {} }, 'ERR_OPTION_TYPE', 'signal'],
    [{ signal: { aborted: false } }, 'ERR_OPTION_TYPE', 'signal'],
    [{ ipv6Only: true, address: '127.0.0.1' }, 'ERR_OPTION_CONFLICT', 'ipv6Only'],
    [{ ipv6Only: true, address: '::ffff:127.0.0.1' }, 'ERR_OPTION_CONFLICT', 'ipv6Only'],
    [null, 'ERR_OPTION_TYPE', 'options'],
    [[], 'ERR_OPTION_TYPE', 'options'],
    [4433, 'ERR_OPTION_TYPE', 'options'],
  ])('refuses %o with %s', (given, code, option) => {
    const error = refusal(given);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.name).toBe('OptionError');
    expect(error.code).toBe(code);
    expect(error.option).toBe(option);
    expect(error.message).toContain(option);
  });

  it('shows the offending value', () => {
    expect(refusal({ port: 2 ** 32 + 53 }).message).toContain('4294967349');
    expect(refusal({ port: 2 ** 32 + 53 }).value).toBe(2 ** 32 + 53);
  });

  it('names the nearest option for an unknown one', () => {
    const error = refusal({ recieveBufferSize: 1 });
    expect(error.code).toBe('ERR_OPTION_UNKNOWN');
    expect(error.message).toContain("did you mean 'receiveBufferSize'");
    expect(refusal({ zebra: 1 }).message).toContain('known are address, port');
    expect(refusal({ toString: 1 }).code).toBe('ERR_OPTION_UNKNOWN');
  });

  it('reads each property once', () => {
    const reads: string[] = [];
    const given = new Proxy(
      { port: 53, gso: false },
      {
        get(target, name) {
          reads.push(String(name));
          return Reflect.get(target, name);
        },
      },
    );
    expect(parseOptions('bind', BIND_OPTIONS, given).values.port).toBe(53);
    expect(new Set(reads).size).toBe(reads.length);
  });
});

describe('environment', () => {
  it('overrules the engine', () => {
    const config = parseBindOptions({ engine: 'native' }, { BURSTWIRE_ENGINE: 'dgram' });
    expect(config.engine).toBe('dgram');
  });

  it('switches trains off but not on against the options', () => {
    expect(parseBindOptions({}, { BURSTWIRE_GSO: '0', BURSTWIRE_GRO: '0' })).toMatchObject({
      gso: false,
      gro: false,
    });
    expect(parseBindOptions({ gso: false }, { BURSTWIRE_GSO: '1' })).toMatchObject({
      gso: false,
      gsoForced: true,
    });
  });

  it('is named as the reason only where it overruled the caller', () => {
    const off = { BURSTWIRE_ENGINE: 'dgram', BURSTWIRE_GSO: '0', BURSTWIRE_GRO: '0' };
    expect(parseBindOptions({}, off)).toMatchObject({
      engineBecause: 'BURSTWIRE_ENGINE=dgram',
      trainsBecause: 'BURSTWIRE_GSO=0; BURSTWIRE_GRO=0',
    });
    expect(parseBindOptions({ engine: 'dgram', gso: false, gro: false }, off)).toMatchObject({
      engineBecause: undefined,
      trainsBecause: undefined,
    });
    expect(parseBindOptions({}, { BURSTWIRE_ENGINE: 'native' }).engineBecause).toBeUndefined();
  });

  it('counts an empty variable as not set', () => {
    expect(readEnvironment({ BURSTWIRE_ENGINE: '', BURSTWIRE_DEBUG: '' })).toEqual({
      engine: undefined,
      gso: undefined,
      gro: undefined,
      debug: false,
    });
  });

  it.each([
    ['BURSTWIRE_ENGINE', 'turbo'],
    ['BURSTWIRE_GSO', 'yes'],
    ['BURSTWIRE_GRO', '2'],
    ['BURSTWIRE_DEBUG', 'all'],
  ])('refuses %s=%s by name', (name, value) => {
    const error = refusal({}, { [name]: value });
    expect(error.code).toBe('ERR_OPTION_RANGE');
    expect(error.option).toBe(name);
    expect(error.message).toContain(name);
    expect(error.message).toContain(value);
  });
});

describe('nearest', () => {
  it.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['kitten', 'sitting', 3],
    ['recieve', 'receive', 1],
    ['ab', 'ba', 1],
  ])('distance of %s and %s is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it('offers nothing that is far away', () => {
    expect(nearest('zebra', ['address', 'port'])).toBeUndefined();
    expect(nearest('PORT', ['address', 'port'])).toBe('port');
  });
});

describe('show', () => {
  it('runs no code of the value', () => {
    let ran = 0;
    const trap = {
      get port() {
        ran++;
        return 1;
      },
      toString() {
        ran++;
        return 'x';
      },
      [Symbol.for('nodejs.util.inspect.custom')]() {
        ran++;
        return 'y';
      },
    };
    expect(show(trap)).not.toContain('\n');
    expect(ran).toBe(0);
  });
});
