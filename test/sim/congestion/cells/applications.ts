/**
 * Applications with little to send, with pauses, with short flows, and one that moves to another network.
 *
 * Invariant: all on 20 Mbit/s, 40 ms and a queue of one product, but for the last.
 */

import type { CongestionName } from '../../../../lib/core/congestion/controller.js';
import { afterSilence, afterTrickle, limitedWindow, migrate, shortFlows } from '../applications.js';
import { type Cell, MAIN, type Outcome } from '../cell.js';

const two = (value: number): string => value.toFixed(2);

function cell(
  group: string,
  name: string,
  gate: string,
  isQuick: boolean,
  run: () => Outcome,
): Cell {
  return { group, name, gate, isQuick, run };
}

function limited(name: CongestionName): Cell[] {
  // BBR's window follows what it measures: two products of it, and what comes in heaps.
  const most = name === 'bbr' ? 3 : 2;
  return [
    cell(
      'application-limited',
      `${name}, half of the link, 10 s`,
      `window <= ${most} x most in flight`,
      name === 'cubic',
      () => {
        const ratio = limitedWindow(name);
        return { isPassed: ratio <= most, figures: {}, note: `window ${two(ratio)} x in flight` };
      },
    ),
    cell(
      'application-limited',
      `${name}, bulk after 1 Mbit/s for 20 s`,
      'goodput >= 0.8',
      true,
      () => {
        const goodput = afterTrickle(name);
        return { isPassed: goodput >= 0.8, figures: { goodput } };
      },
    ),
  ];
}

function silent(name: CongestionName): Cell[] {
  const spans = [
    ['1 s', 1],
    ['60 s', 60],
    ['1 h', 3600],
  ] as const;
  return spans.map(([title, seconds]) =>
    // The burst, and what the pacer lets out in the same millisecond.
    cell(
      'idle restart',
      `${name}, after ${title}`,
      'burst <= 14, goodput >= 0.8',
      seconds < 3600,
      () => {
        const { burst, goodput } = afterSilence(name, seconds * 1e6);
        const note = `burst of ${burst.toFixed(1)} datagrams`;
        return { isPassed: burst <= 14 && goodput >= 0.8, figures: { goodput }, note };
      },
    ),
  );
}

/** Handshake and three round trips, and the time that the bytes take; beside a bulk flow with its queue, at half the rate. */
function brief(name: CongestionName): Cell[] {
  return [10, 100].flatMap((kilobytes) =>
    [false, true].map((isLoaded) => {
      const sizeMs = (kilobytes * 8000) / 20_000;
      const limitMs = isLoaded ? 4 * 80 + 2 * sizeMs : 4 * 40 + sizeMs;
      const title = `${name}, ${kilobytes} KB ${isLoaded ? 'beside a bulk flow' : 'alone'}`;
      return cell(
        'short flows',
        title,
        `p95 <= ${limitMs} ms`,
        !isLoaded && name === 'cubic' && kilobytes === 100,
        () => {
          const ms = shortFlows(name, 1000 * kilobytes, isLoaded) / 1000;
          return { isPassed: ms <= limitMs, figures: {}, note: `p95 ${ms.toFixed(0)} ms` };
        },
      );
    }),
  );
}

function moving(name: CongestionName): Cell {
  // What is on its way when the NAT forgets is lost; nothing else should be.
  const gate = 'window 10 anew, drops <= what was in flight, goodput >= 0.8';
  return cell('migration', `${name}, 100 to 1 Mbit/s, 20 ms`, gate, name === 'cubic', () => {
    const { window, dropped, goodput } = migrate(name);
    const note = `window ${two(window)}, dropped ${two(dropped)} of what was in flight`;
    return {
      isPassed: window === 10 && dropped <= 1 && goodput >= 0.8,
      figures: { goodput },
      note,
    };
  });
}

export const APPLICATIONS: readonly Cell[] = MAIN.flatMap((name) => [
  ...limited(name),
  ...silent(name),
  ...brief(name),
  moving(name),
]);
