/** The congestion controllers that S2 compares. Types only. */

import type { TransportConfig } from '../../lib/core/config.js';

export type Congestion = TransportConfig['congestion'];
