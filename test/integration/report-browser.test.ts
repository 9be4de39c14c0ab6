/**
 * The report page in a real browser: it loads nothing, says nothing to the console, fits its window, and its bars
 * and words can be seen in both colour schemes. Skipped, with a line that says so, where there is no Chromium.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderHtml } from '../../lib/cli/bench/html-report.js';
import { makeResult } from '../unit/cli/sample-result.js';

const BROWSER = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const EXAMINE_PAGE = readFileSync(new URL('./examine-page.js', import.meta.url), 'utf8');

/** What examine-page.js found. */
interface Seen {
  /** Elements whose content is wider than they are. */
  readonly tooWide: readonly string[];
  readonly bars: number;
  /** Bars without a size. */
  readonly flatBars: number;
  /** Labels that run into their values. */
  readonly overlaps: readonly string[];
  /** Text with too little contrast. */
  readonly faint: readonly string[];
}

const hasBrowser = existsSync(BROWSER);
if (!hasBrowser) console.log(`skipped: the report in a browser (no ${BROWSER})`);

const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = [1200, 400];

describe.runIf(hasBrowser)('the report page', () => {
  let folder: string;
  let browser: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'burstwire-page-'));
    writeFileSync(join(folder, 'report.html'), renderHtml(makeResult()));
    browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    problems.length = 0;
    page.on('console', (message) => problems.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) problems.push(`request: ${request.url()}`);
    });
    await page.goto(pathToFileURL(join(folder, 'report.html')).href);
    return page;
  }

  const cases = SCHEMES.flatMap((scheme) => WIDTHS.map((width) => [scheme, width] as const));

  it.each(cases)('is quiet, fits, and can be read (%s, %d px)', async (scheme, width) => {
    const page = await open(width, scheme);
    try {
      expect(problems).toEqual([]);
      const seen = (await page.evaluate(EXAMINE_PAGE)) as Seen;
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
