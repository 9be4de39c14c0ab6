/** The parts of `burstwire send` and `receive` that need no network: names, the bar, keys, targets. */

import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../lib/cli/arguments.js';
import { parseTarget, parseTrust } from '../../../lib/cli/remote/dial.js';
import { allowOnly, parseTicket, secretKey } from '../../../lib/cli/remote/keys.js';
import { printable } from '../../../lib/cli/remote/lines.js';
import { checkName } from '../../../lib/cli/transfer/names.js';
import { formatSeconds, renderBar } from '../../../lib/cli/transfer/transfer-bar.js';

describe('checkName', () => {
  it.each(['a', 'archive.tar.gz', '.profile', 'Bücher 2026.pdf', '-rf', 'x'.repeat(250)])(
    'takes %j',
    (name) => expect(checkName(name)).toBeUndefined(),
  );

  it.each([
    [undefined, 'no name'],
    [7, 'no name'],
    ['', 'no name'],
    ['.', 'a path'],
    ['..', 'a path'],
    ['../x', 'a path'],
    ['/etc/passwd', 'a path'],
    ['a\\b', 'a path'],
    ['a\0b', 'cannot be shown'],
    ['a\nb', 'cannot be shown'],
    ['a\x1b[2Jb', 'cannot be shown'],
    ['a\u202Egpj.exe', 'cannot be shown'],
    ['a\ud800', 'cannot be shown'],
    ['x'.repeat(251), 'longer than 250 bytes'],
    ['ü'.repeat(126), 'longer than 250 bytes'],
    ['x.part', 'not complete'],
  ])('refuses %j', (name, why) => expect(checkName(name)).toContain(why));
});

describe('renderBar', () => {
  const half = { name: 'movie.mkv', bytes: 512 << 20, total: 1 << 30, bytesPerSecond: 8 << 20 };

  it('has name, bar, percent, bytes, rate and time left', () => {
    expect(renderBar(half, 79)).toBe(
      'movie.mkv [################................]  50 %   512 MiB  8.00 MiB/s  1:04',
    );
  });

  it.each([20, 40, 60, 79, 200])('fits %i columns, whatever the name', (width) => {
    for (const name of ['x', 'y'.repeat(250)]) {
      expect(renderBar({ ...half, name }, width).length).toBeLessThanOrEqual(width);
    }
  });

  it('says 100 only when it is all there, and knows empty files and standstill', () => {
    expect(renderBar({ ...half, bytes: half.total - 1 }, 79)).toContain(' 99 %');
    expect(renderBar({ ...half, bytes: half.total }, 79)).toContain('100 %');
    expect(renderBar({ name: 'x', bytes: 0, total: 0, bytesPerSecond: 0 }, 79)).toContain('100 %');
    expect(renderBar({ ...half, bytesPerSecond: 0 }, 79)).toContain('--:--');
  });

  it('writes times as clocks do', () => {
    expect([0, 7, 725, 10_800, 1e12].map(formatSeconds)).toEqual([
      '0:00',
      '0:07',
      '12:05',
      '3:00:00',
      '99:59:59',
    ]);
  });
});

describe('parseTarget', () => {
  it.each([
    ['host', 'host', 4433],
    ['host.example:1', 'host.example', 1],
    ['192.0.2.1:65535', '192.0.2.1', 65_535],
    ['::1', '::1', 4433],
    ['[2001:db8::1]:99', '2001:db8::1', 99],
    ['[::1]', '::1', 4433],
  ])('reads %s', (text, host, port) => expect(parseTarget(text, 4433)).toEqual({ host, port }));

  it.each(['', ':1', 'host:', 'host:0', 'host:65536', 'host:1x', 'a:b:c', '[::1', '[host]:1'])(
    'refuses %j',
    (text) => expect(() => parseTarget(text, 4433)).toThrow(UsageError),
  );
});

describe('keys', () => {
  const key = 'ab'.repeat(32);

  it('reads a key with and without its secret', () => {
    expect(parseTicket('--key', key)).toEqual({
      publicKey: Buffer.alloc(32, 0xab),
      preSharedKey: undefined,
    });
    const secret = '0f'.repeat(16);
    expect(parseTicket('--key', `${key}-${secret}`).preSharedKey).toEqual(secretKey(secret));
    expect(secretKey(secret)).not.toEqual(secretKey('0e'.repeat(16)));
  });

  it.each(['', 'ab', `${key}0`, `${key}-`, `${key}-12`, key.replace('a', 'g')])(
    'refuses %j',
    (text) => {
      expect(() => parseTicket('--key', text)).toThrow(UsageError);
    },
  );

  it('trusts nobody by oversight', () => {
    expect(() => parseTrust({ key: undefined, trust: undefined })).toThrow('--key is missing');
    expect(parseTrust({ key: undefined, trust: 'any' })).toBeUndefined();
    expect(parseTrust({ key, trust: undefined })?.publicKey).toHaveLength(32);
  });

  it('allows whom it lists, and everybody when it lists nobody', () => {
    expect(allowOnly([])).toBeUndefined();
    const isAllowed = allowOnly([key]);
    expect(isAllowed?.(Buffer.alloc(32, 0xab))).toBe(true);
    expect(isAllowed?.(Buffer.alloc(32, 0xac))).toBe(false);
  });
});

describe('printable', () => {
  it('lets nothing through that moves a cursor, and no novel', () => {
    expect(printable('a\r\n\x1b[31mb\u202E')).toBe('a???[31mb?');
    expect(printable('x'.repeat(500))).toHaveLength(203);
    expect(printable(undefined)).toBe('undefined');
  });
});
