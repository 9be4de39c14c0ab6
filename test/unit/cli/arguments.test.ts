/** The command line's options: what is read, what is refused, and what the help says. */

import { describe, expect, it } from 'vitest';
import {
  describeFlags,
  type FlagTable,
  parseArguments,
  parseWithOperands,
  UsageError,
} from '../../../lib/cli/arguments.js';

const TABLE = {
  seconds: { kind: 'number', default: 1, min: 0.05, max: 600, about: 'time' },
  rounds: { kind: 'number', default: 3, min: 1, max: 100, integer: true, about: 'rounds' },
  json: { kind: 'text', placeholder: 'FILE', about: 'a file' },
  only: { kind: 'list', placeholder: 'ROWS', about: 'rows' },
  pin: { kind: 'switch', about: 'bind' },
} as const satisfies FlagTable;

describe('parseArguments', () => {
  it('gives the defaults of what is not there', () => {
    expect(parseArguments(TABLE, [])).toEqual({
      seconds: 1,
      rounds: 3,
      json: undefined,
      only: [],
      pin: false,
    });
  });

  it('reads values behind a space and behind an equals sign', () => {
    const given = ['--seconds', '0.2', '--rounds=5', '--json', 'a=b.json', '--pin'];
    expect(parseArguments(TABLE, given)).toMatchObject({
      seconds: 0.2,
      rounds: 5,
      json: 'a=b.json',
      pin: true,
    });
  });

  it('collects lists', () => {
    const given = ['--only', 'a, b', '--only=c,,'];
    expect(parseArguments(TABLE, given).only).toEqual(['a', 'b', 'c']);
  });

  it.each([
    [['--secnds', '1'], "unknown option '--secnds'; did you mean '--seconds'?"],
    [['--elephant'], "unknown option '--elephant'"],
    [['--__proto__', '1'], "unknown option '--__proto__'"],
    [['file'], "unexpected argument 'file'"],
    [['-x'], "unexpected argument '-x'"],
    [['--json'], '--json needs a value'],
    [['--json='], '--json needs a value'],
    [['--pin=1'], '--pin takes no value'],
    [['--seconds', 'x'], "--seconds must be a number from 0.05 to 600, not 'x'"],
    [['--seconds', '601'], "--seconds must be a number from 0.05 to 600, not '601'"],
    [['--seconds', '1e1'], "--seconds must be a number from 0.05 to 600, not '1e1'"],
    [['--seconds', '-1'], "--seconds must be a number from 0.05 to 600, not '-1'"],
    [['--rounds', '1.5'], "--rounds must be a whole number from 1 to 100, not '1.5'"],
  ])('refuses %j', (given, message) => {
    expect(() => parseArguments(TABLE, given)).toThrow(new UsageError(message));
  });
});

const LETTERS = {
  parallel: {
    kind: 'number',
    short: 'P',
    default: 1,
    min: 1,
    max: 128,
    integer: true,
    about: 'streams',
  },
  reverse: { kind: 'switch', short: 'R', about: 'the other way' },
  bytes: { kind: 'bytes', short: 'n', min: 1, max: 2 ** 50, about: 'bytes' },
  bitrate: { kind: 'bitrate', short: 'b', min: 1000, max: 1e12, about: 'bits/s' },
  trust: { kind: 'choice', choices: ['any', 'all'], about: 'whom' },
} as const satisfies FlagTable;

describe('parseWithOperands', () => {
  const parse = (...given: string[]) => parseWithOperands(LETTERS, given, ['FILE', '[HOST]']);

  it('reads letters, with their value behind a space or at once', () => {
    expect(parse('-P', '4', 'x', '-R').flags).toMatchObject({ parallel: 4, reverse: true });
    expect(parse('-P8', 'x').flags).toMatchObject({ parallel: 8, reverse: false });
  });

  it('reads quantities: bytes in powers of 1024, bits in powers of 1000', () => {
    expect(parse('x', '-n', '1.5M', '-b10k').flags).toMatchObject({
      bytes: 1_572_864,
      bitrate: 10_000,
    });
    expect(parse('x', '--bytes=7', '--bitrate', '2G').flags).toMatchObject({
      bytes: 7,
      bitrate: 2e9,
    });
    expect(parse('x').flags).toMatchObject({ bytes: 0, bitrate: 0, trust: undefined });
  });

  it('takes operands anywhere, and everything behind --', () => {
    expect(parse('a', '-R', 'b').operands).toEqual(['a', 'b']);
    expect(parse('--', '-R', '--x').operands).toEqual(['-R', '--x']);
    expect(parse('-').operands).toEqual(['-']);
  });

  it('says which options were given, also one that is its default', () => {
    expect([...parse('x', '-P', '1', '--bytes=7', '-R').named]).toEqual([
      'parallel',
      'bytes',
      'reverse',
    ]);
    expect([...parse('x').named]).toEqual([]);
  });

  it.each([
    [[], 'FILE is missing'],
    [['a', 'b', 'c'], "unexpected argument 'c'"],
    [['a', '-x'], "unexpected argument '-x'"],
    [['a', '-R1'], '-R takes no value'],
    [['a', '-P'], '-P needs a value'],
    [['a', '--trust', 'some'], "--trust must be one of any, all, not 'some'"],
    [['a', '-n', '0'], '--bytes must be bytes from 1 to'],
    [['a', '-n', '1e3'], '--bytes must be bytes from 1 to'],
    [['a', '-n', '1KB'], '--bytes must be bytes from 1 to'],
    [['a', '-b', '-1'], '--bitrate must be bits a second from 1000 to'],
  ])('refuses %j', (given, message) => {
    expect(() => parse(...given)).toThrow(UsageError);
    expect(() => parse(...given)).toThrow(message);
  });
});

describe('describeFlags', () => {
  it('has a column for letters when there are any', () => {
    expect(describeFlags(LETTERS).split('\n')).toEqual([
      '  -P, --parallel N      streams (default 1)',
      '  -R, --reverse         the other way',
      '  -n, --bytes N[KMG]    bytes',
      '  -b, --bitrate N[KMG]  bits/s',
      '      --trust NAME      whom',
    ]);
  });

  it('has one aligned line an option, with its default', () => {
    expect(describeFlags(TABLE).split('\n')).toEqual([
      '  --seconds N  time (default 1)',
      '  --rounds N   rounds (default 3)',
      '  --json FILE  a file',
      '  --only ROWS  rows',
      '  --pin        bind',
    ]);
  });
});
