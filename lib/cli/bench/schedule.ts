/**
 * In which order cases run: round by round over all rows, each round starting elsewhere and every second one
 * backwards, so that neither a slow minute of the machine nor a warm cache favours a row. Pure.
 */

/** The order of one round (counted from 0). */
export function orderOfRound<T>(items: readonly T[], round: number): T[] {
  if (items.length === 0) return [];
  const start = Math.floor((round * items.length) / 3) % items.length;
  const rotated = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}
