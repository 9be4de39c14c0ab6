/** The command line's options: what is read, what is refused, and what the help says. */

import { describe, expect, it } from 'vitest';
import {
  describeFlags,
  type FlagTable,
  parseArguments,
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

describe('describeFlags', () => {
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
