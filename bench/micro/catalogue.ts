/**
 * The group `micro` of the suite: one stage each, in memory, without sockets.
 *
 * Data only. Called by the suite's catalogue.
 *
 * Invariant: each script is under cases/, and measures itself.
 */

import type { Benchmark } from '../suite/types.js';
import { PARTS } from './catalogue-parts.js';
import { PROTECTION } from './catalogue-protection.js';

export const MICRO: readonly Benchmark[] = [...PROTECTION, ...PARTS];
