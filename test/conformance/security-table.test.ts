/**
 * docs/security.md names every threat of its list, and for each a test or a reason; the tests exist.
 *
 * It does not judge whether a test proves what it is named for. Invariant: a title is text of the file that is named.
 */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const THREATS = 102;

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

interface Row {
  readonly from: number;
  readonly to: number;
  readonly defence: string;
  readonly proof: string;
}

function rowsOf(text: string): Row[] {
  const lines = text.matchAll(/^\| T(\d+)(?:-T(\d+))? \|([^|]+)\|([^|]+)\|([^|]*)\|$/gm);
  return [...lines].map(([, from, to, , defence, proof]) => ({
    from: Number(from),
    to: Number(to ?? from),
    defence,
    proof,
  }));
}

/** Each test file of a cell with the titles in quotation marks that follow it. */
function proofsOf(cell: string): { file: string; titles: string[] }[] {
  return [...cell.matchAll(/`(test\/[\w./-]+\.ts)`((?:,? "[^"]+")+)/g)].map(([, file, after]) => ({
    file,
    titles: [...after.matchAll(/"([^"]+)"/g)].map(([, title]) => title),
  }));
}

describe('the table of threats', () => {
  const rows = rowsOf(read('docs/security.md'));

  it('has every number once, in order', () => {
    const numbers = rows.flatMap(({ from, to }) =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index),
    );
    expect(numbers).toEqual(Array.from({ length: THREATS }, (_, index) => index + 1));
  });

  it.each(rows)('names a test that exists, or says why there is none: T$from', (row) => {
    const proofs = proofsOf(row.proof);
    const hasReason =
      /does not apply: \w+/.test(row.defence) || /No test yet\. \w+/.test(row.proof);
    expect(proofs.length > 0 || hasReason).toBe(true);
    for (const { file, titles } of proofs) {
      expect(existsSync(new URL(file, ROOT)), file).toBe(true);
      const source = read(file);
      for (const title of titles) expect(source, `${file}: ${title}`).toContain(title);
    }
  });
});
