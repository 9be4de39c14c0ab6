/**
 * A literal IP address as bytes: what cookies and rate limits of the handshake are made of.
 *
 * It resolves nothing. Called by the driver, once for each handshake message.
 *
 * Invariant: every address that a socket reports gives 4 or 16 bytes; anything else gives 16 zeros.
 */

import { isIPv4, isIPv6 } from 'node:net';

/** 4 bytes for IPv4, 16 for IPv6 (a scope, `%eth0`, is left out). Transferred. */
export function addressBytes(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  const bytes = new Uint8Array(16);
  const address = withoutScope(text);
  if (isIPv6(address)) writeIpv6(bytes, address);
  return bytes;
}

function writeIpv6(bytes: Uint8Array, address: string): void {
  const [front = '', back] = withoutDots(address).split('::');
  const left = front === '' ? [] : front.split(':');
  const right = back === undefined || back === '' ? [] : back.split(':');
  left.forEach((group, index) => {
    writeGroup(bytes, index, group);
  });
  right.forEach((group, index) => {
    writeGroup(bytes, 8 - right.length + index, group);
  });
}

function writeGroup(bytes: Uint8Array, index: number, group: string): void {
  const value = Number.parseInt(group, 16);
  bytes[2 * index] = value >>> 8;
  bytes[2 * index + 1] = value;
}

/** Left out here, since `isIPv6` does not know all names that an interface may have. */
function withoutScope(text: string): string {
  const scope = text.indexOf('%');
  const isNamed = scope >= 0 && scope < text.length - 1;
  return isNamed ? text.slice(0, scope) : text;
}

/** `::ffff:192.0.2.1` as `::ffff:c000:201`. */
function withoutDots(address: string): string {
  const dots = address.lastIndexOf(':') + 1;
  const tail = address.slice(dots);
  if (!tail.includes('.')) return address;
  const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number);
  return `${address.slice(0, dots)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
