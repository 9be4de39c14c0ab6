/**
 * The list of fuzz targets: a new one is added here, and both the fuzzer and `npm test` run it.
 */

import type { Target } from './target.js';
import { control } from './targets/control.js';
import { datagrams } from './targets/datagrams.js';
import { frames } from './targets/frames.js';
import { handshake } from './targets/handshake.js';
import { operations } from './targets/operations.js';
import { parameters } from './targets/parameters.js';

export const TARGETS: readonly Target[] = [
  frames,
  parameters,
  handshake,
  datagrams,
  control,
  operations,
];
