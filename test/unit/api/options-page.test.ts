/** docs/options.md against the code: every option, its values and its default; variables and warnings. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Row, rowsOf, TABLES } from '../../support/options-page.js';

const LIB = new URL('../../../lib/', import.meta.url);
const page = readFileSync(new URL('../../../docs/options.md', import.meta.url), 'utf8');
const sources = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(name, LIB), 'utf8'));

/** The cells of a section's table, without its two lines of heading. */
function cellsUnder(heading: string): string[][] {
  const sections = page.split(/^## /m).filter((section) => section.startsWith(`${heading}\n`));
  expect(sections, heading).toHaveLength(1);
  const lines = sections[0].split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => line.slice(2, -2).split(' | '));
}

/** What `pattern` captures in all of lib, each once. */
function inLib(pattern: RegExp): string[] {
  const found = sources.flatMap((text) => Array.from(text.matchAll(pattern), (match) => match[1]));
  return [...new Set(found)].sort();
}

const named = (heading: string): string[] =>
  cellsUnder(heading)
    .map(([name]) => name.slice(1, -1))
    .sort();

describe('docs/options.md', () => {
  it.each(Object.keys(TABLES))('says of %s what the rules say', (heading) => {
    const cells = cellsUnder(heading);
    const rows = cells.map(([name, values, standard]): Row => {
      return { name: name.slice(1, -1), values, default: standard };
    });
    expect(rows).toEqual(rowsOf(heading));
    for (const [name, , , text] of cells) expect(text?.length ?? 0, name).toBeGreaterThan(5);
  });

  it('has every table of options that there is in lib', () => {
    const tables = sources.flatMap(
      (text) =>
        text.match(
          /^\} as const satisfies OptionTable;|^.*\{.*\} as const satisfies OptionTable;/gm,
        ) ?? [],
    );
    expect(tables).toHaveLength(Object.keys(TABLES).length);
  });

  it('has every environment variable that is read', () => {
    const read = inLib(/(?:env\.|env\['|\(env, ')(BURSTWIRE_[A-Z]+)/g);
    expect(read).toContain('BURSTWIRE_ENGINE');
    expect(named('Environment variables')).toEqual(read);
  });

  it('has every warning that can be emitted', () => {
    const emitted = inLib(/code: '(BURSTWIRE_[A-Z_]+)'/g);
    expect(emitted).toContain('BURSTWIRE_NO_NATIVE');
    expect(named('Process warnings')).toEqual(emitted);
  });
});
