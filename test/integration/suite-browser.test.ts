/**
 * The suite's page in a real browser, with every kind of chart: it loads nothing, says nothing to the console, fits a
 * telephone, and can be read in both colour schemes. Skipped, with a line that says so, where there is no Chromium.
 */

import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../bench/suite/html-page.js';
import { sampleSuite } from '../unit/bench/sample-suite.js';
import { examine, hasBrowser, pageOf, SCHEMES } from './browser-page.js';

const WIDTHS = [1280, 375];

/** Runs in the page: what sticks out of the window, and labels of a chart that lie on each other. */
const EXAMINE_CHARTS = `(() => {
  const inFrame = (element) => element.closest('.wide') !== null;
  const out = [...document.querySelectorAll('main *')].filter((element) => !inFrame(element))
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.tagName + ' ' + element.textContent.slice(0, 40));
  const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const collisions = [...document.querySelectorAll('.plot')].flatMap((plot) => {
    const texts = [...plot.querySelectorAll('text')];
    const boxes = texts.map((text) => text.getBoundingClientRect());
    return texts.flatMap((text, i) => boxes.slice(i + 1).filter((box) => overlap(boxes[i], box))
      .map(() => text.textContent));
  });
  const lines = document.querySelectorAll('.line circle').length;
  return { out, collisions, lines };
})()`;

interface Charts {
  readonly out: readonly string[];
  readonly collisions: readonly string[];
  readonly lines: number;
}

describe.runIf(hasBrowser('the page of the suite'))('the page of the suite', () => {
  const { open, problems } = pageOf(() => renderHtml(sampleSuite()));
  const cases = SCHEMES.flatMap((scheme) => WIDTHS.map((width) => [scheme, width] as const));

  it.each(cases)('is quiet, fits, and can be read (%s, %d px)', async (scheme, width) => {
    const page = await open(width, scheme);
    try {
      const seen = await examine(page);
      const charts = (await page.evaluate(EXAMINE_CHARTS)) as Charts;
      expect(problems).toEqual([]);
      expect(seen.tooWide).toEqual([]);
      expect(charts.out).toEqual([]);
      expect(charts.collisions).toEqual([]);
      expect([seen.bars, seen.flatBars]).toEqual([8, 0]);
      expect(charts.lines).toBe(50);
      expect(seen.faint).toEqual([]);
    } finally {
      await page.close();
    }
  });

  it('looks different in the dark, down to the lines', async () => {
    const look = `[document.body, document.querySelector('.line.s1')]
      .map((element) => getComputedStyle(element)).map((style) => style.backgroundColor + style.stroke).join()`;
    const looks = [];
    for (const scheme of SCHEMES) {
      const page = await open(800, scheme);
      looks.push(((await page.evaluate(look)) as string).split('none'));
      await page.close();
    }
    expect(looks[0][0]).not.toBe(looks[1][0]);
    expect(looks[0].at(-1)).not.toBe(looks[1].at(-1));
  });
});
