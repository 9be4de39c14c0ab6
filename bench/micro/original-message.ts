/**
 * The messages of the original protocol as bytes, for comparison only: nothing of it is shipped.
 *
 * A message is an object: its number, the numbers of the packets that it confirms, and a payload. It is measured and
 * serialized into memory of its own (little-endian, lengths of 8 bytes, as bincode has it), and that is copied into a
 * packet of the full size; the way back makes an object with arrays of its own again. Called by cases/frames.ts and its
 * test.
 *
 * Invariant: what `encodeMessage` has written, `decodeMessage` gives back.
 */

/** Bytes of a packet's content. */
export const MESSAGE_BYTES_MAX = 1464;
const U32 = 4;
const U64 = 8;
const SHORT_MESSAGE = 2;

export interface OriginalMessage {
  readonly packetId: number;
  /** Numbers of packets that have arrived, one each. */
  readonly confirmReceipt: readonly number[];
  readonly payload: Uint8Array;
}

/** A packet's content and how much of it is the message. */
export interface EncodedMessage {
  readonly packet: Uint8Array;
  readonly byteLength: number;
}

/** Throws RangeError for a message that does not fit into a packet. */
export function encodeMessage(message: OriginalMessage): EncodedMessage {
  const serialized = serialize(message);
  const packet = new Uint8Array(MESSAGE_BYTES_MAX);
  packet.set(serialized);
  return { packet, byteLength: serialized.byteLength };
}

export function decodeMessage({ packet, byteLength }: EncodedMessage): OriginalMessage {
  const view = new DataView(packet.buffer, packet.byteOffset, byteLength);
  const packetId = view.getUint32(0, true);
  const count = Number(view.getBigUint64(U32, true));
  let at = U32 + U64;
  const confirmReceipt: number[] = [];
  for (let index = 0; index < count; index++, at += U32) {
    confirmReceipt.push(view.getUint32(at, true));
  }
  if (view.getUint32(at, true) !== SHORT_MESSAGE) throw new Error('not a short message');
  const length = Number(view.getBigUint64(at + U32, true));
  const from = at + U32 + U64;
  return { packetId, confirmReceipt, payload: packet.slice(from, from + length) };
}

function serialize({ packetId, confirmReceipt, payload }: OriginalMessage): Uint8Array {
  const size = U32 + U64 + U32 * confirmReceipt.length + U32 + U64 + payload.byteLength;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, packetId, true);
  view.setBigUint64(U32, BigInt(confirmReceipt.length), true);
  let at = U32 + U64;
  for (const receipt of confirmReceipt) {
    view.setUint32(at, receipt, true);
    at += U32;
  }
  view.setUint32(at, SHORT_MESSAGE, true);
  view.setBigUint64(at + U32, BigInt(payload.byteLength), true);
  bytes.set(payload, at + U32 + U64);
  return bytes;
}
