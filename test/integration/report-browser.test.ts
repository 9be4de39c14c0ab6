/**
 * The report page in a real browser: it loads nothing, says nothing to the console, fits its window, and its bars
 * and words can be seen in both colour schemes. Skipped, with a line that says so, where there is no Chromium.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderHtml } from '../../lib/cli/bench/html-report.js';
import { makeResult } from '../unit/cli/sample-result.js';
import { examine, hasBrowser, launch, openPage, SCHEMES, type Scheme } from './browser-page.js';

const WIDTHS = [1200, 400];

describe.runIf(hasBrowser('the report'))('the report page', () => {
  let folder: string;
  let browser: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'burstwire-page-'));
    writeFileSync(join(folder, 'report.html'), renderHtml(makeResult()));
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(width: number, scheme: Scheme): Promise<Page> {
    problems.length = 0;
    const url = pathToFileURL(join(folder, 'report.html')).href;
    return openPage(browser, url, { width, scheme }, problems);
  }

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
