/**
 * The page, the terminal's tables and the Markdown of a result with everything in it.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceSection, writeDocs } from '../../../bench/suite/docs.js';
import { renderHtml } from '../../../bench/suite/html-page.js';
import {
  ablationMarkdown,
  newestOf,
  suiteMarkdown,
  transportMarkdown,
} from '../../../bench/suite/markdown.js';
import { linearScale, logScale, needsLog } from '../../../bench/suite/scale.js';
import { renderText } from '../../../bench/suite/text-report.js';
import { sampleSuite } from './sample-suite.js';

const suite = sampleSuite();

describe('the page', () => {
  const page = renderHtml(suite);
  const section = (id: string) => page.split(`id="${id}"`)[1].split('</section>')[0];

  it('has every case of every benchmark, those that could not run with the reason', () => {
    for (const benchmark of suite.benchmarks) {
      const count = section(benchmark.id).split('<th scope="row">').length - 1;
      expect(count).toBe(benchmark.cases.length);
    }
    expect(section('E1')).toContain('cannot run here: not installed: npm install in bench/peers');
    expect(section('E1')).toContain('failed: it fell over');
    expect(section('E1')).toContain('a round failed: it fell over');
  });

  it('always has losses, and says what is not available', () => {
    for (const id of ['P1', 'E1', 'E2', 'A1']) {
      expect(section(id)).toContain('<th scope="col">lost</th>');
    }
    expect(section('P1')).toContain('not available');
    expect(section('E2')).toContain('lost 0.250 %');
  });

  it('draws bars, lines and percentiles where there is something to draw', () => {
    expect(section('E1').match(/<rect class="bar /g)).toHaveLength(4);
    expect(section('E1').match(/class="mark"/g)).toHaveLength(3);
    expect(section('P1').match(/<g class="line /g)).toHaveLength(10);
    expect(section('P1')).not.toContain('<rect class="bar');
    expect(section('E2')).toContain('Latency by percentile');
    expect(section('E1')).not.toContain('Latency by percentile');
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('tells the outcome first', () => {
    expect(page).toMatch(/class="highlight"><b>1\.29x<\/b><span>as good as node:tls in MB\/s/);
    expect(page).toMatch(/class="highlight"><b>1\.75x<\/b><span>as good as node:tls in p50, µs/);
  });

  it('escapes what others wrote, and loads nothing', () => {
    expect(page).toContain('borrowed reads &lt;b&gt;');
    expect(page).toContain('A processor &lt;of glass&gt;');
    expect(page).toContain('a note with &lt;i&gt; &amp; &quot;quotes&quot;');
    expect(page).not.toMatch(/<script|https?:|url\(|@import/);
  });
});

describe('the terminal', () => {
  const text = renderText(suite);

  it('has the tables, the losses and the outcome', () => {
    expect(text).toContain('E1  One stream, as fast as it goes');
    expect(text).toMatch(/node:tls +700 \(665 – 756\) +baseline/);
    expect(text).toContain('@matrixai/quic: cannot run here: not installed');
    expect(text.match(/\blost\b/g)).toHaveLength(suite.benchmarks.length);
    expect(text).toContain('  E1: 1.29x as good as node:tls in MB/s: One stream');
  });
});

describe('Markdown', () => {
  const sources = newestOf([suite]);

  it('has all benchmarks with all their cases', () => {
    const text = suiteMarkdown(sources);
    for (const { id, title, cases } of suite.benchmarks) {
      const part = text.split(`#### ${id} ${title}\n`)[1].split('####')[0];
      for (const { name } of cases) expect(part).toContain(`| ${name} |`);
    }
    expect(text).toContain('Measured 2026-01-02 on A processor <of glass>, 2 cores (virtual');
  });

  it('is short for the transport', () => {
    const text = transportMarkdown(sources) ?? '';
    expect(text).toContain('| case | MB/s | times baseline | of the limit | lost |');
    expect(text).toContain('- **E2: 1.75x as good as node:tls in p50, µs: Round trips**');
    expect(text).not.toContain('Seal');
    expect(transportMarkdown([])).toBeUndefined();
  });

  it('puts before and after side by side', () => {
    const text = ablationMarkdown(sources) ?? '';
    expect(text).toContain('| A1 | Binary frames | 1,000 op/s | 5,000 op/s | 5.00x |');
    expect(ablationMarkdown([])).toBeUndefined();
  });

  it('takes each benchmark from the newest result, and says which', () => {
    const [seal, e1] = suite.benchmarks;
    const newer = { ...suite, startedAt: '2027-01-01T00:00:00.000Z', benchmarks: [e1] };
    const older = { ...suite, benchmarks: [seal, e1] };
    const found = newestOf([older, newer]);
    expect(found.map(({ benchmark, result }) => [benchmark.id, result.startedAt])).toEqual([
      ['E1', newer.startedAt],
      ['P1', older.startedAt],
    ]);
    expect(suiteMarkdown(found)).toContain('E1: measured 2027-01-01');
  });
});

describe('documents', () => {
  let folder: string;
  let said: string;
  const output = { write: (text: string) => (said += text) };

  beforeEach(() => {
    said = '';
    folder = mkdtempSync(join(tmpdir(), 'burstwire-docs-'));
    mkdirSync(join(folder, 'docs'));
    writeFileSync(join(folder, 'r.json'), JSON.stringify(suite));
    const empty = (name: string) => `<!-- ${name}:begin -->\nold\n<!-- ${name}:end -->\n`;
    writeFileSync(join(folder, 'README.md'), `top\n${empty('transport')}end\n`);
    writeFileSync(join(folder, 'docs/benchmarks.md'), empty('suite') + empty('ablation'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (...files: string[]) =>
    writeDocs(
      files.map((file) => join(folder, file)),
      folder,
      output,
    );

  it('get their sections; what is around them stays', () => {
    expect(write('r.json')).toBe(0);
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(readme).toMatch(/^top\n<!-- transport:begin -->\n- \*\*E1: /);
    expect(readme).toMatch(/`\.\n<!-- transport:end -->\nend\n$/);
    expect(readFileSync(join(folder, 'docs/benchmarks.md'), 'utf8')).not.toContain('old');
    expect(said).toBe('wrote docs/benchmarks.md\nwrote README.md\n');
  });

  it('without their markers are an error', () => {
    writeFileSync(join(folder, 'README.md'), 'nothing\n');
    expect(write('r.json')).toBe(1);
    expect(said).toContain("README.md: no markers for 'transport'");
  });

  it('are not touched by a file that is no result', () => {
    writeFileSync(join(folder, 'other.json'), '{}');
    expect(write('other.json')).toBe(2);
    expect(write()).toBe(2);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('old');
  });

  it('take text with $ signs as it is', () => {
    const document = '<!-- a:begin -->\n<!-- a:end -->';
    expect(replaceSection(document, 'a', "$& $1 $'")).toBe(
      "<!-- a:begin -->\n$& $1 $'\n<!-- a:end -->",
    );
  });
});

describe('scales', () => {
  it('begin at zero and end at a round number', () => {
    const { ticks, place } = linearScale([3, 870]);
    expect(ticks).toEqual([0, 500, 1000]);
    expect(place(500)).toBe(0.5);
  });

  it('are logarithmic when values lie far apart and above zero', () => {
    expect(needsLog([1, 100])).toBe(true);
    expect(needsLog([0, 100])).toBe(false);
    expect(needsLog([50, 100])).toBe(false);
    const { ticks, place } = logScale([0.9, 2500]);
    expect(ticks).toEqual([1, 10, 100, 1000]);
    expect(place(0.5)).toBe(0);
    expect(place(5000)).toBeCloseTo(1);
  });
});
