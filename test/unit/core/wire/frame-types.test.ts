/** Frame types: which of them make a packet ack-eliciting, and limits that follow from others. */

import { expect, it } from 'vitest';
import {
  FRAME_DATAGRAM,
  FRAME_STREAM,
  isAckEliciting,
  STREAMS_MAX,
} from '../../../../lib/core/wire/frame-types.js';
import { VARINT_MAX } from '../../../../lib/core/wire/varint.js';

it('F9: all but PADDING, ACK and CONNECTION_CLOSE are ack-eliciting', () => {
  const types = [FRAME_STREAM, FRAME_DATAGRAM, 0, 1, 2, 3, 4, 5];
  for (let type = 0x10; type <= 0x1d; type++) types.push(type);
  expect(types.filter((type) => !isAckEliciting(type))).toEqual([0x00, 0x02, 0x03, 0x1c, 0x1d]);
});

it('F9: what FrameReader.next returns instead of a frame is not', () => {
  expect([-1, -2].filter(isAckEliciting)).toEqual([]);
});

it('F12: the last stream of the last kind has the largest id', () => {
  expect(4 * (STREAMS_MAX - 1) + 3).toBe(VARINT_MAX);
});
