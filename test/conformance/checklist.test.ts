/**
 * docs/udp-checklist.md names tests as proofs: each file is there and has a test of that title.
 */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** Each `file` of the text with the titles in quotation marks that follow it. */
function references(text: string): { file: string; titles: string[] }[] {
  const found: { file: string; titles: string[] }[] = [];
  for (const line of text.replaceAll('\n', ' ').split('|')) {
    for (const [, file, after] of line.matchAll(/`([\w./-]+\.(?:ts|cc))`((?:,? "[^"]+")*)/g)) {
      const titles = [...after.matchAll(/"([^"]+)"/g)].map(([, title]) => title);
      found.push({ file, titles });
    }
  }
  return found;
}

describe('the checklist', () => {
  const text = read('docs/udp-checklist.md');
  const proofs = references(text);

  it('has all fifty items, each with a proof or a reason', () => {
    const rows = [...text.matchAll(/^\| (\d+) \|([^|]+)\|([^|]+)\|([^|]*)\|$/gm)];
    expect(rows.map(([, number]) => Number(number))).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    for (const [row, , , what, proof] of rows) {
      if (proof.trim() === '') expect(what, row).toMatch(/later step|left out/);
      else expect(proof, row).toMatch(/`[^`]+` "/);
    }
  });

  it.each(proofs)('names tests that exist: $file', ({ file, titles }) => {
    expect(existsSync(new URL(file, ROOT)), file).toBe(true);
    // A formatter may have broken a line, but never a title.
    const source = read(file);
    for (const title of titles) expect(source).toContain(title);
  });
});
