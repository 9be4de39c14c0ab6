/**
 * A page of ours in a real browser, examined: used by the tests of both reports.
 *
 * Invariant: what the page said to the console and what it wanted from a network is kept for each opening alone.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';

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
export interface Seen {
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

export type Scheme = 'light' | 'dark';
export const SCHEMES = ['light', 'dark'] as const;

/** Says so once when there is none. */
export function hasBrowser(what: string): boolean {
  if (existsSync(BROWSER)) return true;
  console.log(`skipped: ${what} in a browser (no ${BROWSER})`);
  return false;
}

/** A page for the tests around the call: as a file, and a browser that opens it. Both are gone after them. */
export function pageOf(html: () => string) {
  const problems: string[] = [];
  let folder: string;
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'burstwire-page-'));
    writeFileSync(join(folder, 'page.html'), html());
    browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  return {
    /** A line for each message, error and request since the page was opened last. */
    problems,
    async open(width: number, scheme: Scheme): Promise<Page> {
      problems.length = 0;
      const page = await browser!.newPage({
        viewport: { width, height: 900 },
        colorScheme: scheme,
      });
      page.on('console', (message) => problems.push(`console: ${message.text()}`));
      page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
      page.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) problems.push(`request: ${request.url()}`);
      });
      await page.goto(pathToFileURL(join(folder, 'page.html')).href);
      return page;
    },
  };
}

export async function examine(page: Page): Promise<Seen> {
  return (await page.evaluate(EXAMINE_PAGE)) as Seen;
}
