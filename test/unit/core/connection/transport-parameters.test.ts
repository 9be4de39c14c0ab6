/**
 * Transport parameters: each clause T1 to T6 of docs/handshake.md. T7 and T8 are the endpoint's. Lists as such (T4):
 * test/property/handshake-fuzz.test.ts has more of them.
 */

import { describe, expect, it } from 'vitest';
import {
  decodeTransportParameters,
  defaultTransportParameters,
  encodeTransportParameters,
  type TransportParameters,
} from '../../../../lib/core/connection/transport-parameters.js';

const MOST = 2 ** 53 - 1;

/** The table of docs/handshake.md: field, id as it is encoded, least, most, missing. */
const TABLE: [keyof TransportParameters, string, number, number, number][] = [
  ['maxIdleTimeoutMs', '01', 0, MOST, 0],
  ['maxUdpPayloadSize', '03', 1200, MOST, 65_527],
  ['initialMaxData', '04', 0, MOST, 0],
  ['initialMaxStreamDataBidiLocal', '05', 0, MOST, 0],
  ['initialMaxStreamDataBidiRemote', '06', 0, MOST, 0],
  ['initialMaxStreamDataUni', '07', 0, MOST, 0],
  ['initialMaxStreamsBidi', '08', 0, 2 ** 51, 0],
  ['initialMaxStreamsUni', '09', 0, 2 ** 51, 0],
  ['maxAckDelayMs', '0b', 0, 16_383, 25],
  ['activeConnectionIdLimit', '0e', 2, MOST, 2],
  ['maxDatagramFrameSize', '20', 0, MOST, 0],
  ['maxMessageSize', '7b01', 0, MOST, 0],
  ['refusalCode', '7b02', 0, MOST, 0],
];

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
/** A value in the 8-byte form, with its length in front. */
const long = (value: bigint): string =>
  `08${(0xc000_0000_0000_0000n | value).toString(16).padStart(16, '0')}`;
const read = (...parts: string[]) => decodeTransportParameters(bytes(parts.join('')));

describe.each(TABLE)('%s', (field, id, least, most, missing) => {
  it('T2: is taken at its least and its most', () => {
    for (const value of [least, most]) {
      const expected = { ...defaultTransportParameters(), [field]: value };
      expect(read(id, long(BigInt(value)))).toEqual(expected);
    }
  });

  it('T2, T3: is refused above its most', () => {
    expect(read(id, long(BigInt(most) + 1n))).toBeUndefined();
  });

  it('T1: is refused when it is empty, cut off, or followed by another byte', () => {
    expect(read(id, '00')).toBeUndefined();
    expect(read(id, '03', 'bfffff')).toBeUndefined();
    expect(read(id, '07', 'c0000000000fff')).toBeUndefined();
    expect(read(id, '05', '80003fff', '00')).toBeUndefined();
  });

  it('T4: is refused the second time, even with the same value', () => {
    const once = `${id}${long(BigInt(least))}`;
    expect(read(once)).toBeDefined();
    expect(read(once, once)).toBeUndefined();
  });

  it('T5: has its default when it is missing', () => {
    expect(read()?.[field]).toBe(missing);
  });

  it('goes through encoding at its least and its most', () => {
    for (const value of [least, most]) {
      const sent = { ...defaultTransportParameters(), [field]: value };
      expect(decodeTransportParameters(encodeTransportParameters(sent))).toEqual(sent);
    }
  });

  it.each([least - 1, most + 1, least + 0.5, Number.NaN])('is not encoded as %d', (value) => {
    const sent = { ...defaultTransportParameters(), [field]: value };
    expect(() => encodeTransportParameters(sent)).toThrow(field);
  });
});

it.each([
  ['max_udp_payload_size', '03', 1199n],
  ['active_connection_id_limit', '0e', 0n],
  ['active_connection_id_limit', '0e', 1n],
])('T2: %s below its least is refused', (_, id, value) => {
  expect(read(id, long(value))).toBeUndefined();
});

it('T1: a value may have a longer form than it needs', () => {
  for (const form of ['0119', '024019', '0480000019', '08c000000000000019']) {
    expect(read('04', form)?.initialMaxData).toBe(0x19);
  }
});

it('T3: QUIC allows more than we do', () => {
  expect(read('04', '08', 'ffffffffffffffff')).toBeUndefined();
});

it.each([
  ['cut off in a value', '0408c0'],
  ['cut off in front of a length', '04'],
  ['with an id of 8 bytes', 'c0000000000000040119'],
])('T4: a list is refused that is %s', (_, hex) => {
  expect(read(hex)).toBeUndefined();
});

it.each([
  ['original_destination_connection_id', '0008', '1122334455667788'],
  ['ack_delay_exponent, even out of range', '0a01', '3f'],
  ['disable_active_migration', '0c', '00'],
  ['a reserved one', '1b', '03aabbcc'],
  ['an empty one', '7b03', '00'],
])('T6: %s is ignored', (_, id, value) => {
  expect(read('040119', id, value)).toEqual({
    ...defaultTransportParameters(),
    initialMaxData: 25,
  });
});

it('does not share its defaults', () => {
  expect(defaultTransportParameters()).not.toBe(defaultTransportParameters());
});

it('knows every field of the table and no other', () => {
  expect(Object.keys(defaultTransportParameters())).toEqual(TABLE.map(([field]) => field));
});
