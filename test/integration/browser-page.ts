/**
 * A page of ours in a real browser, examined: used by the tests of both reports.
 *
 * Invariant: what the page said to the console and what it wanted from a network is kept for each opening alone.
 */

import { existsSync, readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

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

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: BROWSER, args: FLAGS });
}

/** @param problems gets a line for each message, error and request */
export async function openPage(
  browser: Browser,
  url: string,
  view: { readonly width: number; readonly scheme: Scheme },
  problems: string[],
): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: view.width, height: 900 },
    colorScheme: view.scheme,
  });
  page.on('console', (message) => problems.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) problems.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

export async function examine(page: Page): Promise<Seen> {
  return (await page.evaluate(EXAMINE_PAGE)) as Seen;
}
