/**
 * Line charts as inline SVG. Pure; knows points and labels, not benchmarks.
 *
 * Places along the horizontal axis are percentages and text has a fixed size, so one chart fits a telephone and a wide
 * screen without a script. Invariant: both axes are labelled, and a vertical axis that does not begin at zero says so.
 */

import { type Content, type Html, html, typeset } from '../../lib/cli/bench/html-template.js';
import { linearScale, logScale, needsLog, type Scale } from './scale.js';

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Line {
  readonly name: string;
  readonly isOurs: boolean;
  readonly isLimit: boolean;
  readonly points: readonly Point[];
}

export interface Axis {
  readonly title: string;
  readonly show: (value: number) => string;
  /** Places to label instead of those of the scale. */
  readonly ticks?: readonly number[];
}

const HEIGHT = 230;
const LABELS_BELOW = 24;
const LABELS_LEFT = 58;
const MOST_X_TICKS = 5;
/** Part of the width that stays free at each side, for marks and labels. */
const MARGIN = 0.05;
const COLOURS = 8;

export function lineChart(title: string, lines: readonly Line[], x: Axis, y: Axis): Html {
  const points = lines.flatMap((line) => line.points);
  const heights = points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]);
  const isLog = needsLog(heights);
  const vertical = isLog ? logScale(heights) : linearScale(heights);
  const across = horizontal(points.map((point) => point.x));
  const left = (value: number) => `${(across(value) * 100).toFixed(2)}%`;
  const top = (value: number) => (HEIGHT * (1 - vertical.place(value))).toFixed(1);
  const places = points.map((point) => point.x);
  const ticks = x.ticks?.filter((tick) => isWithin(tick, places)) ?? fewTicks(places, across);
  return html`${lineLegend(lines)}<p class="axis-title">${y.title}${isLog && ' (logarithmic)'}</p>
<div class="plot" role="img" aria-label="${title}">${leftLabels(vertical, y)}<svg class="lines" width="100%" height="${HEIGHT + LABELS_BELOW}">
${vertical.ticks.map((tick) => html`<line class="grid" x1="0" x2="100%" y1="${top(tick)}" y2="${top(tick)}"/>`)}
${ticks.map((tick) => bottomLabel(x.show(tick), left(tick)))}
${lines.map((line, i) => drawLine(line, tone(line, i), left, top))}</svg></div>
<p class="axis-title right">${x.title}</p>
`;
}

/** When colours are used a second time, marks are hollow. */
function tone(line: Line, index: number): string {
  if (line.isLimit) return 'limit';
  const again = index >= COLOURS ? ' again' : '';
  return `s${index % COLOURS}${again}`;
}

function lineLegend(lines: readonly Line[]): Html {
  const items = lines.map(
    (line, i) => html`<li><i class="${tone(line, i)}"></i>${typeset(line.name)}</li>
`,
  );
  return html`<ul class="legend">
${items}</ul>
`;
}

/** 0 to 1; logarithmic for sizes that grow by factors. A little room at both ends for the marks. */
function horizontal(values: readonly number[]): (value: number) => number {
  const least = Math.min(...values);
  const largest = Math.max(...values);
  if (least === largest) return () => 0.5;
  const bend = needsLog(values) ? Math.log10 : (value: number) => value;
  const [from, to] = [bend(least), bend(largest)];
  return (value) => MARGIN + ((1 - 2 * MARGIN) * (bend(value) - from)) / (to - from);
}

function isWithin(tick: number, places: readonly number[]): boolean {
  return tick >= Math.min(...places) - 1e-9 && tick <= Math.max(...places) + 1e-9;
}

/** Places that have points, not too many, none too near to another. */
function fewTicks(values: readonly number[], across: (value: number) => number): number[] {
  const places = [...new Set(values)].sort((a, b) => a - b);
  const kept: number[] = [];
  for (const place of places) {
    const last = kept.at(-1);
    if (last === undefined || across(place) - across(last) >= (1 - 2 * MARGIN) / MOST_X_TICKS)
      kept.push(place);
  }
  return kept;
}

function leftLabels({ ticks, place }: Scale, y: Axis): Html {
  const labels = ticks.map((tick) => {
    const middle = HEIGHT * (1 - place(tick));
    return html`<text x="${LABELS_LEFT - 8}" y="${(middle + 4).toFixed(1)}" text-anchor="end">${y.show(tick)}</text>`;
  });
  return html`<svg class="lines side" width="${LABELS_LEFT}" height="${HEIGHT + LABELS_BELOW}">${labels}</svg>`;
}

function bottomLabel(text: string, left: string): Html {
  return html`<text x="${left}" y="${HEIGHT + 20}" text-anchor="middle">${text}</text>`;
}

function drawLine(
  line: Line,
  colour: string,
  left: (value: number) => string,
  top: (value: number) => string,
): Html {
  const points = [...line.points].sort((a, b) => a.x - b.x);
  const parts: Content[] = points.map((point, i) => {
    const next = points[i + 1];
    const [x, y] = [left(point.x), top(point.y)];
    const stroke =
      next !== undefined &&
      html`<line x1="${x}" y1="${y}" x2="${left(next.x)}" y2="${top(next.y)}"/>`;
    const { low, high } = point;
    const whisker =
      low !== undefined &&
      high !== undefined &&
      high > low &&
      html`<line class="thin" x1="${x}" x2="${x}" y1="${top(low)}" y2="${top(high)}"/>`;
    return [stroke, whisker, html`<circle cx="${x}" cy="${y}" r="${line.isOurs ? 4 : 3}"/>`];
  });
  return html`<g class="line ${colour}${line.isOurs && ' ours'}">${parts}</g>
`;
}
