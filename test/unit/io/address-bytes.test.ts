/**
 * Addresses as bytes: whatever way an address is written, it gives the bytes it was written from; whatever else is
 * written gives zeros.
 */

import { BlockList, isIP, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressBytes } from '../../../lib/io/address-bytes.js';

const ZEROS = new Uint8Array(16);

/** 16 bytes with runs of zeros in them, since those are what is written short. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xff), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff])));

const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });

interface Spelling {
  /** `::` stands for this run of zeros, where there is one: 0 = the first. */
  readonly run: number;
  readonly padded: boolean;
  readonly upperCase: boolean;
  readonly dotted: boolean;
}

const spelling = fc.record<Spelling>({
  run: fc.nat(3),
  padded: fc.boolean(),
  upperCase: fc.boolean(),
  dotted: fc.boolean(),
});

function groupsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, index) => {
    return bytes[2 * index] * 256 + bytes[2 * index + 1];
  });
}

/** The address in one of the ways in which RFC 4291 section 2.2 lets it be written. */
function spell(bytes: Uint8Array, { run, padded, upperCase, dotted }: Spelling): string {
  const hex = (part: Uint8Array) =>
    groupsOf(part).map((group) => group.toString(16).padStart(padded ? 4 : 1, '0'));
  const parts = dotted ? [...hex(bytes.subarray(0, 12)), bytes.subarray(12).join('.')] : hex(bytes);
  const runs = [...parts.join(':').matchAll(/(?<![^:])0+(:0+)*(?![^:])/g)];
  let text = parts.join(':');
  if (run < runs.length) {
    const front = text.slice(0, runs[run].index).replace(/:$/, '');
    const back = text.slice(runs[run].index + runs[run][0].length).replace(/^:/, '');
    text = `${front}::${back}`;
  }
  return upperCase ? text.toUpperCase() : text;
}

/** The address without any abbreviation. */
function plain(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = groupsOf(bytes).map((group) => group.toString(16));
  return groups.join(':');
}

describe('addressBytes', () => {
  it.each([
    ['0.0.0.0', '00000000'],
    ['192.0.2.1', 'c0000201'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:db8::ff00:42:8329', '20010db8000000000000ff0000428329'],
    ['2001:DB8:0:0:0:FF00:0042:8329', '20010db8000000000000ff0000428329'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3::5:6:7:8', '00010002000300000005000600070008'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['64:ff9b::255.255.255.255', '0064ff9b0000000000000000ffffffff'],
    ['1:2:3:4:5:6:10.20.30.40', '0001000200030004000500060a141e28'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['fe80::1%7', 'fe800000000000000000000000000001'],
  ])('%s', (text, hex) => {
    expect(Buffer.from(addressBytes(text)).toString('hex')).toBe(hex);
  });

  it('gives back the bytes of any IPv4 address', () => {
    fc.assert(
      fc.property(ipv4Bytes, (bytes) => {
        expect(addressBytes(bytes.join('.'))).toEqual(bytes);
      }),
    );
  });

  it('gives back the bytes of any IPv6 address, however it is written', () => {
    let short = 0;
    let dots = 0;
    fc.assert(
      fc.property(ipv6Bytes, spelling, (bytes, way) => {
        const text = spell(bytes, way);
        expect(isIPv6(text)).toBe(true);
        expect(addressBytes(text)).toEqual(bytes);
        if (text.includes('::')) short++;
        if (text.includes('.')) dots++;
      }),
      { numRuns: 500 },
    );
    expect(short).toBeGreaterThan(50);
    expect(dots).toBeGreaterThan(50);
  });

  it('leaves a scope out', () => {
    fc.assert(
      fc.property(
        ipv6Bytes,
        spelling,
        fc.constantFrom('eth0', '1', 'br-lan.7', 'veth_a@b'),
        (bytes, way, zone) => {
          expect(addressBytes(`${spell(bytes, way)}%${zone}`)).toEqual(bytes);
        },
      ),
    );
  });

  it('means the address that node:net means', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const bytes = addressBytes(text);
        const family = isIP(text) === 4 ? 'ipv4' : 'ipv6';
        const list = new BlockList();
        list.addAddress(text, family);
        expect(list.check(plain(bytes), family)).toBe(true);
        // One bit away from it, it is another address.
        bytes[bytes.length - 1] ^= 1;
        expect(list.check(plain(bytes), family)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('writes an IPv6 address as URLs do', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(addressBytes(canonical)).toEqual(addressBytes(text));
      }),
    );
  });

  it.each([
    '',
    '%',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4%eth0',
    '127.0.0.1 ',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::12345',
    '::1.2.3.256',
    'fe80::1%',
  ])("'%s' is no address, and gives zeros", (text) => {
    expect(addressBytes(text)).toEqual(ZEROS);
  });

  it('gives zeros for whatever node:net calls no address', () => {
    const noise = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:%') }),
      fc
        .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.constantFrom('', ':', '.', '%', '%a', '0', 'g'))
        .map(([text, more]) => text + more),
    );
    fc.assert(
      fc.property(noise, (text) => {
        const bytes = addressBytes(text);
        // Of a scope, only whether there is one matters.
        const version = isIP(text.replace(/%.+$/s, '%scope'));
        expect(bytes.length).toBe(version === 4 ? 4 : 16);
        if (version === 0) expect(bytes).toEqual(ZEROS);
      }),
      { numRuns: 1000 },
    );
  });
});
