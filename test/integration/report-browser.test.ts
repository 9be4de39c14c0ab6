/**
 * The report page in a real browser: it loads nothing, says nothing to the console, fits its window, and its bars
 * and words can be seen in both colour schemes. Skipped, with a line that says so, where there is no Chromium.
 */

import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../lib/cli/bench/html-report.js';
import { makeResult } from '../unit/cli/sample-result.js';
import { examine, hasBrowser, pageOf, SCHEMES } from './browser-page.js';

const WIDTHS = [1200, 400];

describe.runIf(hasBrowser('the report'))('the report page', () => {
  const { open, problems } = pageOf(() => renderHtml(makeResult()));
  const cases = SCHEMES.flatMap((scheme) => WIDTHS.map((width) => [scheme, width] as const));

  it.each(cases)('is quiet, fits, and can be read (%s, %d px)', async (scheme, width) => {
    const page = await open(width, scheme);
    try {
      expect(problems).toEqual([]);
      const seen = await examine(page);
      expect(seen.tooWide).toEqual([]);
      expect(seen.bars).toBeGreaterThan(30);
      expect(seen.flatBars).toBe(0);
      expect(seen.overlaps).toEqual([]);
      expect(seen.faint).toEqual([]);
    } finally {
      await page.close();
    }
  });

  it('looks different in the dark', async () => {
    const backgrounds = [];
    for (const scheme of SCHEMES) {
      const page = await open(800, scheme);
      backgrounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      await page.close();
    }
    expect(backgrounds[0]).not.toBe(backgrounds[1]);
  });
});
