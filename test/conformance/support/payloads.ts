/**
 * Payloads that tell of themselves: any two differ, and each byte can be checked.
 */

/** `size` bytes for datagram `number`: its number first (as much of it as fits), then bytes that depend on both. */
export function payloadOf(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) {
    bytes[at] = at < 4 ? number >>> (8 * at) : (number * 31 + at * 7 + (at >> 8)) & 0xff;
  }
  return bytes;
}

/** Payloads `from` to `to` (exclusive), all of one size or each of its own. */
export function payloads(
  from: number,
  to: number,
  size: number | ((number: number) => number),
): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let number = from; number < to; number++) {
    list.push(payloadOf(number, typeof size === 'number' ? size : size(number)));
  }
  return list;
}

/** What stands between two of these is the first difference; undefined when there is none. */
export function firstDifference(
  received: readonly Uint8Array[],
  expected: readonly Uint8Array[],
): string | undefined {
  for (let index = 0; index < expected.length; index++) {
    const got = received[index];
    if (got === undefined) return `datagram ${index} of ${expected.length} is missing`;
    if (Buffer.compare(got, expected[index]) !== 0) {
      return `datagram ${index} differs: got ${got.length} bytes ${head(got)}, expected ${expected[index].length} bytes ${head(expected[index])}`;
    }
  }
  const extra = received.length - expected.length;
  return extra > 0 ? `${extra} datagrams more than were sent` : undefined;
}

function head(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 8)).toString('hex');
}
