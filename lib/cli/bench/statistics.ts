/**
 * Medians and their uncertainty. Pure arithmetic; knows nothing of datagrams.
 *
 * Used by the summary of the benchmark. Invariant: the same samples give the same figures on every run, because the
 * resampling is seeded.
 */

/** The middle of several measurements and how far it can be trusted. */
export interface Estimate {
  readonly median: number;
  /** Bootstrap 95% interval of the median. With fewer than six samples this is close to smallest and largest. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;
const LOW_PERCENTILE = 0.025;
const HIGH_PERCENTILE = 0.975;
const SEED = 0x9e3779b9;

/** The middle value; the mean of the two middle ones of an even number. NaN of nothing. */
export function median(values: readonly number[]): number {
  return sortedQuantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** Linear interpolation between the neighbours of a quantile (0 to 1) of ascending values. NaN of nothing. */
export function sortedQuantile(ascending: readonly number[], quantile: number): number {
  if (ascending.length === 0) return Number.NaN;
  const place = (ascending.length - 1) * quantile;
  const below = Math.floor(place);
  const above = Math.ceil(place);
  return ascending[below] + (ascending[above] - ascending[below]) * (place - below);
}

/** Median with a percentile-bootstrap interval (Efron 1979). */
export function estimate(values: readonly number[]): Estimate {
  const middle = median(values);
  if (values.length < 2) return { median: middle, low: middle, high: middle };
  const random = xorshift32(SEED);
  const medians: number[] = [];
  const draw = new Array<number>(values.length);
  for (let round = 0; round < RESAMPLES; round++) {
    for (let i = 0; i < draw.length; i++) draw[i] = values[Math.floor(random() * values.length)];
    medians.push(median(draw));
  }
  medians.sort((a, b) => a - b);
  return {
    median: middle,
    low: sortedQuantile(medians, LOW_PERCENTILE),
    high: sortedQuantile(medians, HIGH_PERCENTILE),
  };
}

/**
 * Estimate of a ratio from measurements made side by side: each round gives one ratio, so what slows a whole round
 * down falls out. Rounds in which either side is missing or zero are left out.
 */
export function pairedRatio(
  numerators: readonly (number | null)[],
  denominators: readonly (number | null)[],
): Estimate | null {
  const ratios: number[] = [];
  for (let i = 0; i < Math.min(numerators.length, denominators.length); i++) {
    const above = numerators[i];
    const below = denominators[i];
    if (above === null || below === null || above <= 0 || below <= 0) continue;
    ratios.push(above / below);
  }
  return ratios.length === 0 ? null : estimate(ratios);
}

/** Numbers from 0 (inclusive) to 1 (exclusive). Marsaglia, "Xorshift RNGs", 2003. */
function xorshift32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
