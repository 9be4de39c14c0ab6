/**
 * Horizontal bar charts as inline SVG. Pure; knows numbers and labels, not benchmarks.
 *
 * Lengths are percentages and text has a fixed size, so one chart fits a telephone and a wide screen without a
 * script. Invariant: every bar, whisker and mark of a chart is drawn to one linear scale that starts at zero.
 */

import { type Content, type Html, html } from './html-template.js';

export interface Bar {
  readonly value: number;
  /** The whisker: an interval around the value. */
  readonly low: number;
  readonly high: number;
  /** Class that gives the colour: see html-style. */
  readonly tone: string;
}

export interface BarRow {
  readonly label: string;
  /** The value as text, at the right. */
  readonly text: string;
  readonly bars: readonly Bar[];
  /** Where the limit lies that this row could reach at best. */
  readonly mark?: number;
}

const LABEL_HEIGHT = 20;
export const BAR_HEIGHT = 14;
const BAR_GAP = 3;
const ROW_GAP = 14;
/** Room at the right of the longest bar, so that its whisker's cap is not cut. */
const FULL_PERCENT = 99;

/** @param title read out in place of the picture */
export function barChart(title: string, rows: readonly BarRow[]): Html {
  const largest = Math.max(
    ...rows.flatMap((row) => [row.mark ?? 0, ...row.bars.map((bar) => bar.high)]),
    Number.MIN_VALUE,
  );
  const percent = (value: number) => `${((value / largest) * FULL_PERCENT).toFixed(3)}%`;
  let top = 0;
  const drawn = rows.map((row) => {
    const group = drawRow(row, top, percent);
    top += rowHeight(row);
    return group;
  });
  const height = Math.max(top - ROW_GAP, 0) + 2;
  return html`<svg class="chart" width="100%" height="${height}" role="img" aria-label="${title}">
${drawn}</svg>
`;
}

function rowHeight(row: BarRow): number {
  return LABEL_HEIGHT + row.bars.length * (BAR_HEIGHT + BAR_GAP) + ROW_GAP;
}

function drawRow(row: BarRow, top: number, percent: (value: number) => string): Html {
  const barsTop = top + LABEL_HEIGHT;
  const barsHeight = row.bars.length * (BAR_HEIGHT + BAR_GAP) - BAR_GAP;
  const bars: Content[] = row.bars.map((bar, i) =>
    drawBar(bar, barsTop + i * (BAR_HEIGHT + BAR_GAP), percent),
  );
  const mark = row.mark === undefined ? null : drawMark(percent(row.mark), barsTop, barsHeight);
  return html`<g><text class="label" x="0" y="${top + 13}">${row.label}</text><text class="value" x="100%" y="${top + 13}" text-anchor="end">${row.text}</text><rect class="axis" x="0" y="${barsTop - 2}" width="1.5" height="${barsHeight + 4}"/>${bars}${mark}</g>
`;
}

export function drawBar(bar: Bar, y: number, percent: (value: number) => string): Html {
  const middle = y + BAR_HEIGHT / 2;
  const [low, high] = [percent(bar.low), percent(bar.high)];
  const whisker =
    bar.high > bar.low
      ? html`<g class="whisker"><line x1="${low}" x2="${high}" y1="${middle}" y2="${middle}"/><line x1="${low}" x2="${low}" y1="${middle - 4}" y2="${middle + 4}"/><line x1="${high}" x2="${high}" y1="${middle - 4}" y2="${middle + 4}"/></g>`
      : null;
  return html`<rect class="bar ${bar.tone}" x="0" y="${y}" width="${percent(bar.value)}" height="${BAR_HEIGHT}" rx="2"/>${whisker}`;
}

export function drawMark(x: string, y: number, height: number): Html {
  return html`<line class="mark" x1="${x}" x2="${x}" y1="${y - 4}" y2="${y + height + 4}"/>`;
}
