/**
 * What was sent, received and lost in each direction of a test, out of both sides' own counts. Pure.
 *
 * Called by the client for its report and its JSON. A direction is what one side sends: its figures come from the side
 * that knows them, and are null where that side has not said. Invariant: nothing that was never sent counts as lost.
 */

import type { Moved, PathFigures } from './measure.js';
import { type Parameters, sends } from './parameters.js';

/** What of a side's figures counts here. */
interface SideFigures {
  readonly sent?: Moved | undefined;
  readonly received?: Moved | undefined;
  readonly path: PathFigures;
}

export interface DirectionFigures {
  readonly bytesSent: number | null;
  readonly bytesReceived: number | null;
  /** Packets of the sender that it has found lost, and bytes of streams that it has sent again. */
  readonly packetsLost: number | null;
  readonly retransmittedBytes: number | null;
  /** Of datagrams only. */
  readonly datagramsSent?: number | null;
  /** Given way in the sender's queue. */
  readonly datagramsNotSent?: number | null;
  readonly datagramsReceived?: number | null;
  readonly datagramsLost?: number | null;
  /** Of those that were sent. */
  readonly lostPercent?: number | null;
}

/** Undefined: nothing was to go that way. */
export interface Directions {
  readonly toServer?: DirectionFigures;
  readonly toClient?: DirectionFigures;
}

/** @param remote null: it has not said */
export function directionsOf(
  { kind, direction }: Pick<Parameters, 'kind' | 'direction'>,
  client: SideFigures,
  remote: SideFigures | null,
): Directions {
  const isBoth = kind === 'latency';
  const isDatagram = kind === 'datagram';
  return {
    ...(isBoth || sends(direction, true)
      ? { toServer: figuresOf(client, remote, isDatagram) }
      : {}),
    ...(isBoth || sends(direction, false)
      ? { toClient: figuresOf(remote, client, isDatagram) }
      : {}),
  };
}

function figuresOf(
  from: SideFigures | null,
  to: SideFigures | null,
  isDatagram: boolean,
): DirectionFigures {
  const sent = from?.sent;
  const received = to?.received;
  const bulk: DirectionFigures = {
    bytesSent: sent?.bytes ?? null,
    bytesReceived: received?.bytes ?? null,
    packetsLost: from?.path.packetsLost ?? null,
    retransmittedBytes: from?.path.retransmittedBytes ?? null,
  };
  if (!isDatagram) return bulk;
  const loss = sent && received && lossOf(sent, received);
  return {
    ...bulk,
    datagramsSent: sent?.count ?? null,
    datagramsNotSent: sent?.dropped ?? null,
    datagramsReceived: received?.count ?? null,
    datagramsLost: loss?.lost ?? null,
    lostPercent: loss === undefined ? null : loss.part * 100,
  };
}

/** Lost on the way: sent there, not received here. */
export function lossOf(sent: Moved, received: Moved): { lost: number; part: number } {
  const { count = 0 } = sent;
  const lost = Math.max(0, count - (received.count ?? 0));
  return { lost, part: count > 0 ? lost / count : 0 };
}
