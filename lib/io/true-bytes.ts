/**
 * What a Uint8Array of the application really is, whatever properties, species or subclass it was given.
 *
 * An own property named `byteLength`, or a subclass with its own `subarray`, is code of the application; nothing in
 * here runs any. Called by `lib/api` when it checks payloads and by the dgram engine when it copies them.
 */

const prototype: object = Object.getPrototypeOf(Uint8Array.prototype);

function getter<T>(name: string): (this: Uint8Array) => T {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: Uint8Array) => T;
}

const byteLengthGetter = getter<number>('byteLength');
const byteOffsetGetter = getter<number>('byteOffset');
const bufferGetter = getter<ArrayBufferLike>('buffer');

/** The true length in bytes; 0 when its buffer is gone. */
export function byteLengthOf(bytes: Uint8Array): number {
  return byteLengthGetter.call(bytes);
}

/** A plain view of a part, which must lie inside. Borrows the same memory. */
export function viewOfPart(bytes: Uint8Array, offset: number, byteLength: number): Uint8Array {
  const start = byteOffsetGetter.call(bytes) + offset;
  return new Uint8Array(bufferGetter.call(bytes), start, byteLength);
}
