/**
 * Scales of a chart's axes and the places that are labelled. Pure arithmetic.
 *
 * Used by html-lines.ts. Invariant: a linear scale begins at zero; a logarithmic one is only made of values above it.
 */

export interface Scale {
  /** 0 to 1. */
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

const WISHED_TICKS = 4;
/** Values that lie further apart than this cannot be told apart on a linear scale. */
const LOG_FROM = 20;

export function needsLog(values: readonly number[]): boolean {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) / least > LOG_FROM;
}

/** From zero to a round number above the largest. */
export function linearScale(values: readonly number[]): Scale {
  const largest = Math.max(...values, Number.MIN_VALUE);
  const step = roundStep(largest / WISHED_TICKS);
  const top = Math.ceil(largest / step - 1e-9) * step;
  const count = Math.round(top / step);
  return {
    place: (value) => Math.max(0, value) / top,
    ticks: Array.from({ length: count + 1 }, (_, i) => i * step),
  };
}

/** From the least to the largest, rounded outwards to 1, 2 or 5 times a power of ten. */
export function logScale(values: readonly number[]): Scale {
  const [least, largest] = [Math.min(...values), Math.max(...values)];
  const steps = [1, 2, 5];
  const marks: number[] = [];
  for (
    let power = Math.floor(Math.log10(least));
    power <= Math.ceil(Math.log10(largest));
    power++
  ) {
    marks.push(...steps.map((step) => step * 10 ** power));
  }
  const from = Math.max(...marks.filter((mark) => mark <= least));
  const to = Math.min(...marks.filter((mark) => mark >= largest));
  const [low, high] = [Math.log10(from), Math.log10(to)];
  const powers = marks.filter((mark) => mark >= from && mark <= to);
  const wide = high - low > 2;
  return {
    place: (value) => (Math.log10(Math.max(value, from)) - low) / (high - low),
    ticks: wide ? powers.filter((mark) => Number.isInteger(Math.log10(mark))) : powers,
  };
}

/** 1, 2 or 5 times a power of ten, at least as large. */
function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const factor = [1, 2, 5, 10].find((step) => step * power >= atLeast * (1 - 1e-9)) ?? 10;
  return factor * power;
}
