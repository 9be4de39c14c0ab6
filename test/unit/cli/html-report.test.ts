/** The report page: everything escaped, nothing from outside, and the structure that a reader needs. */

import { describe, expect, it } from 'vitest';
import { barChart } from '../../../lib/cli/bench/html-chart.js';
import { renderHtml } from '../../../lib/cli/bench/html-report.js';
import { escapeHtml, html } from '../../../lib/cli/bench/html-template.js';
import { ROWS } from '../../../lib/cli/bench/rows.js';
import { HOSTILE, makeResult } from './sample-result.js';

describe('html', () => {
  it('escapes what is interpolated, in text and in attributes', () => {
    expect(html`<p title="${'"><b>'}">${"<i>&'"}</p>`.text).toBe(
      '<p title="&quot;&gt;&lt;b&gt;">&lt;i&gt;&amp;&#39;</p>',
    );
  });

  it('takes its own output, lists of it, numbers and nothing', () => {
    const items = ['a', '<'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>${null}${false}${1.5}`.text).toBe(
      '<ul><li>a</li><li>&lt;</li></ul>1.5',
    );
  });
});

describe('barChart', () => {
  const bar = (value: number) => ({ value, low: value, high: value, tone: 'burstwire' });

  it('draws all lengths to one scale from zero', () => {
    const { text } = barChart('t', [
      { label: 'a', text: '1', bars: [bar(25)] },
      { label: 'b', text: '2', bars: [bar(50)], mark: 100 },
    ]);
    const widths = [...text.matchAll(/class="bar [^>]*width="([\d.]+)%"/g)].map((m) => +m[1]);
    const mark = Number(/class="mark" x1="([\d.]+)%"/.exec(text)?.[1]);
    expect(widths[1] / widths[0]).toBeCloseTo(2, 3);
    expect(mark / widths[1]).toBeCloseTo(2, 3);
    expect(mark).toBeLessThanOrEqual(100);
  });

  it('draws a whisker only where there is an interval', () => {
    const row = (low: number) => [
      { label: 'a', text: '', bars: [{ value: 2, low, high: 3, tone: 'x' }] },
    ];
    expect(barChart('t', row(1)).text.match(/class="whisker"/g)).toHaveLength(1);
    expect(barChart('t', row(3)).text).not.toContain('whisker');
  });

  it('survives having nothing to draw', () => {
    expect(barChart('t', []).text).toContain('<svg');
    expect(barChart('t', [{ label: 'a', text: '0', bars: [bar(0)] }]).text).not.toContain('NaN');
  });
});

describe('renderHtml', () => {
  const page = renderHtml(makeResult());

  it('escapes what the machine and the run say', () => {
    expect(page).not.toContain(HOSTILE);
    expect(page.split(escapeHtml(HOSTILE)).length - 1).toBe(3);
    expect(page).not.toContain('<script');
  });

  it('asks for nothing from outside', () => {
    expect(page).not.toMatch(/(src|href)="(?!data:,)/);
    expect(page).not.toMatch(/@import|url\(|https?:/);
  });

  it('names every row in a table, and says why one is missing', () => {
    const headers = [...page.matchAll(/<th scope="row">/g)];
    expect(headers).toHaveLength(ROWS.length);
    expect(page).toContain(`not available: ${escapeHtml(HOSTILE)}`);
  });

  it('has a chart for each question, without numbers that are none', () => {
    expect([...page.matchAll(/<svg class="chart"/g)]).toHaveLength(5);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('opens and closes its elements', () => {
    for (const name of ['section', 'table', 'tr', 'td', 'th', 'svg', 'g', 'ul', 'li', 'div', 'p']) {
      const opened = page.match(new RegExp(`<${name}[ >]`, 'g')) ?? [];
      const closed = page.match(new RegExp(`</${name}>`, 'g')) ?? [];
      expect([name, opened.length]).toEqual([name, closed.length]);
    }
  });
});
