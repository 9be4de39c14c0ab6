/**
 * The frame reader: what it says of any payload is what the reference decoder says, and it reads nothing else.
 */

import { FrameReader } from '../../../lib/core/wire/frame-reader.js';
import { anyFrame, encode } from '../../support/any-frame.js';
import { decodeByTheBook, readAll } from '../../support/frame-model.js';
import { sampled } from '../samples.js';
import { must, type Target } from '../target.js';

const reader = new FrameReader();

export const frames: Target = {
  name: 'frames',
  maxBytes: 400,
  seeds: () => sampled(anyFrame, 60).map((frame) => encode(frame)),
  run(input) {
    const actual = readAll(reader, input);
    const expected = decodeByTheBook([...input]);
    must(
      JSON.stringify(actual) === JSON.stringify(expected),
      'the reference decoder says something else',
    );
    must(actual.isMalformed === (reader.error !== 0), 'an error without a malformed frame');
  },
};
