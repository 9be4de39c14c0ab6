/**
 * Where a handshake message came from, as far as cookies, tokens and rate limits care.
 *
 * The endpoint makes one for each datagram, or uses one again and again: whoever keeps it beyond the call copies it.
 *
 * Invariant: an IPv4 address and the same one mapped into IPv6 are one source.
 */

export interface Source {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
  /** The caller's name for it (a peer id): answers carry it back. */
  readonly peer: number;
}

/** Bytes of a source's place: the address as IPv6, the port. */
export const PLACE_BYTES = 18;
/** Bytes of the address alone. */
export const ADDRESS_BYTES = 16;

/** Writes the address (IPv4 as ::ffff:a.b.c.d) and the port into `place`. */
export function writePlace(place: Uint8Array, source: Source): void {
  const { address } = source;
  if (address.length === 4) {
    place.fill(0, 0, 10);
    place.fill(0xff, 10, 12);
    place.set(address, 12);
  } else {
    place.set(address);
  }
  place[16] = source.port >>> 8;
  place[17] = source.port;
}

/** Whether the address in a place is IPv4. */
export function isIpv4Place(place: Uint8Array): boolean {
  for (let index = 0; index < 10; index++) if (place[index] !== 0) return false;
  return place[10] === 0xff && place[11] === 0xff;
}

/** A copy that outlives the call. */
export function copySource(source: Source): Source {
  return { address: source.address.slice(), port: source.port, peer: source.peer };
}
