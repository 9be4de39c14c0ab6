/**
 * What can be done to two endpoints and the network between them, one step at a time; and any list of such steps.
 *
 * Data only: the duet carries it out. Invariant: a case is plain JSON, so that one that failed can be kept as it is.
 */

import fc from 'fast-check';
import type { TransportConfig } from '../../../lib/core/config.js';
import type { Side } from '../goals/goal.js';

/** `side` is who acts; of the network operations, whose inbound datagrams are meant. `stream` picks one of its streams. */
export type Operation =
  /** One turn of the driver: receive, timers, transmit. */
  | { readonly kind: 'drive'; readonly side: Side }
  | { readonly kind: 'advanceTime'; readonly us: number }
  | { readonly kind: 'dropInbound'; readonly side: Side; readonly count: number }
  /** The first datagram goes behind `count` others. */
  | { readonly kind: 'reorderInbound'; readonly side: Side; readonly count: number }
  | { readonly kind: 'duplicateInbound'; readonly side: Side; readonly count: number }
  | { readonly kind: 'forceKeyUpdate'; readonly side: Side }
  | { readonly kind: 'openStream'; readonly side: Side; readonly isUnidirectional: boolean }
  | { readonly kind: 'write'; readonly side: Side; readonly stream: number; readonly bytes: number }
  | { readonly kind: 'finish'; readonly side: Side; readonly stream: number }
  | { readonly kind: 'read'; readonly side: Side; readonly stream: number }
  | { readonly kind: 'reset'; readonly side: Side; readonly stream: number; readonly code: number }
  | { readonly kind: 'stop'; readonly side: Side; readonly stream: number; readonly code: number }
  | { readonly kind: 'sendMessage'; readonly side: Side; readonly bytes: number }
  | { readonly kind: 'sendDatagram'; readonly side: Side; readonly bytes: number }
  | { readonly kind: 'close'; readonly side: Side; readonly isGraceful: boolean };

export interface OperationCase {
  /** Of the dice of both endpoints. */
  readonly seed: number;
  readonly congestion: TransportConfig['congestion'];
  readonly maxStreams: number;
  readonly initialStreamData: number;
  readonly maxDatagramSize: number;
  readonly operations: readonly Operation[];
}

const side = fc.constantFrom<Side>(0, 1);
const stream = fc.nat({ max: 7 });
const code = fc.nat({ max: 1000 });
const count = fc.nat({ max: 6 });
const bytes = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 3000 }), fc.nat({ max: 60_000 }));
const us = fc.oneof(fc.nat({ max: 2000 }), fc.nat({ max: 60_000 }), fc.nat({ max: 1_500_000 }));

function one<K extends Operation['kind']>(
  kind: K,
  fields: { readonly [name: string]: fc.Arbitrary<unknown> },
): fc.Arbitrary<Operation> {
  return fc.record({ kind: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<Operation>;
}

const operation = fc.oneof(
  { weight: 12, arbitrary: one('drive', { side }) },
  { weight: 5, arbitrary: one('advanceTime', { us }) },
  { weight: 2, arbitrary: one('dropInbound', { side, count }) },
  { weight: 2, arbitrary: one('reorderInbound', { side, count }) },
  { weight: 1, arbitrary: one('duplicateInbound', { side, count }) },
  { weight: 1, arbitrary: one('forceKeyUpdate', { side }) },
  { weight: 3, arbitrary: one('openStream', { side, isUnidirectional: fc.boolean() }) },
  { weight: 6, arbitrary: one('write', { side, stream, bytes }) },
  { weight: 2, arbitrary: one('finish', { side, stream }) },
  { weight: 4, arbitrary: one('read', { side, stream }) },
  { weight: 1, arbitrary: one('reset', { side, stream, code }) },
  { weight: 1, arbitrary: one('stop', { side, stream, code }) },
  { weight: 2, arbitrary: one('sendMessage', { side, bytes }) },
  { weight: 2, arbitrary: one('sendDatagram', { side, bytes: fc.nat({ max: 1500 }) }) },
);

/** Most connections are closed at the end only: what comes behind a close is soon said. */
const closing = fc.option(one('close', { side, isGraceful: fc.boolean() }), { freq: 4 });

const operations = fc
  .tuple(
    fc.array(operation, { minLength: 1, maxLength: 150, size: 'max' }),
    closing,
    fc.array(operation, { maxLength: 20, size: 'max' }),
  )
  .map(([before, close, after]) => (close === null ? before : [...before, close, ...after]));

export const anyCase: fc.Arbitrary<OperationCase> = fc.record({
  seed: fc.nat({ max: 1_000_000 }),
  congestion: fc.constantFrom('cubic', 'newreno', 'bbr', 'ledbat'),
  maxStreams: fc.constantFrom(1, 2, 10, 100),
  initialStreamData: fc.constantFrom(1 << 10, 8 << 10, 64 << 10),
  maxDatagramSize: fc.constantFrom(1200, 1452),
  operations,
});
