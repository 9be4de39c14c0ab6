/**
 * P3: the content of a packet written into bytes, or read from them.
 *
 *     node --import ./bench/micro/typescript.mjs bench/micro/cases/frames.ts encode burstwire bulk
 *
 * The other ways to do it: `original`, and `v8`, Node's own serializer. What the content is, packet-frames.ts says; the
 * original has no frames, so 8 pieces of streams are 8 messages there. Started by the runner.
 *
 * Invariant: what is encoded was decoded once, and compared, before anything is timed.
 */

import { deepStrictEqual, equal } from 'node:assert/strict';
import { deserialize, serialize } from 'node:v8';
import { benchConfig, report } from '../../suite/case-process.js';
import { decodeMessage, encodeMessage, type OriginalMessage } from '../original-message.js';
import {
  ACK_RANGES,
  type Content,
  MIXED_BYTES,
  MIXED_STREAMS,
  PAYLOAD_BYTES,
  PacketFrames,
} from '../packet-frames.js';
import { measureTimed } from '../timing.js';

/** Contents in one sample: one alone is too short for the clock. */
const TIMES = 64;
/** What an application has to send in a packet of bulk data: a little less than the payload. */
const BULK_BYTES = PAYLOAD_BYTES - 11;

const [operation, way, content] = process.argv.slice(2);
/** Results go here, so that no work is thought away. */
let sink: unknown;

function messages(): OriginalMessage[] {
  const message = (receipts: number, bytes: number, packetId = 7): OriginalMessage => ({
    packetId,
    confirmReceipt: Array.from({ length: receipts }, (_, index) => 1_000_000 + index),
    payload: new Uint8Array(bytes).fill(0x5a),
  });
  if (content === 'bulk') return [message(0, BULK_BYTES)];
  if (content === 'ack') return [message(8 * ACK_RANGES, 0)];
  return Array.from({ length: MIXED_STREAMS }, (_, index) => message(4, MIXED_BYTES, index));
}

function ours(): () => void {
  const frames = new PacketFrames(content as Content);
  equal(frames.write(), frames.read());
  return operation === 'encode'
    ? () => {
        sink = frames.write();
      }
    : () => {
        sink = frames.read();
      };
}

function others<T>(
  encode: (message: OriginalMessage) => T,
  decode: (encoded: T) => OriginalMessage,
): () => void {
  const given = messages();
  const encoded = given.map(encode);
  deepStrictEqual(encoded.map(decode), given);
  return operation === 'encode'
    ? () => {
        for (const message of given) sink = encode(message);
      }
    : () => {
        for (const each of encoded) sink = decode(each);
      };
}

function chosen(): () => void {
  if (way === 'burstwire') return ours();
  if (way === 'original') return others(encodeMessage, decodeMessage);
  return others(serialize, (bytes) => deserialize(bytes) as OriginalMessage);
}

const once = chosen();
const run = () => {
  for (let index = 0; index < TIMES; index++) once();
};
const measurement = await measureTimed({ prepare() {}, run }, { operations: TIMES }, benchConfig());
if (sink === undefined) throw new Error('nothing was done');
report(measurement);
