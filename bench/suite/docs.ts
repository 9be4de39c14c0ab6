/**
 * Writes the figures of the suite into the documents, between markers `<!-- name:begin -->` and `<!-- name:end -->`.
 *
 * Called by bench/docs.mjs. Invariant: a document without a marker that it should have is an error, so that a
 * misspelt marker is noticed; what stands outside of markers is never touched.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Output } from '../../lib/cli/live-line.js';
import { ablationMarkdown, newestOf, suiteMarkdown, transportMarkdown } from './markdown.js';
import { readResult } from './read-result.js';
import type { SuiteResult } from './result.js';

/** Which sections each document has. */
export const DOCUMENTS: Readonly<Record<string, readonly string[]>> = {
  'docs/benchmarks.md': ['suite', 'ablation'],
  'README.md': ['transport'],
};

/** @param root folder of the documents; returns the exit code: 2 when a result cannot be read, 1 without markers */
export function writeDocs(files: readonly string[], root: string, stderr: Output): number {
  if (files.length === 0) {
    stderr.write('usage: node bench/docs.mjs RESULT.json...\n');
    return 2;
  }
  const results: SuiteResult[] = [];
  for (const file of files) {
    const result = readResult(file);
    if ('problem' in result) {
      stderr.write(`docs: ${result.problem}\n`);
      return 2;
    }
    results.push(result);
  }
  const sections = sectionsOf(results);
  let failures = 0;
  for (const [name, wanted] of Object.entries(DOCUMENTS)) {
    failures += writeDocument(`${root}/${name}`, name, wanted, sections, stderr);
  }
  return failures === 0 ? 0 : 1;
}

/** Text by marker; a section about which the results say nothing is missing. */
function sectionsOf(results: readonly SuiteResult[]): ReadonlyMap<string, string> {
  const sources = newestOf(results);
  const sections: [string, string | undefined][] = [
    ['suite', suiteMarkdown(sources)],
    ['transport', transportMarkdown(sources)],
    ['ablation', ablationMarkdown(sources)],
  ];
  return new Map(sections.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function writeDocument(
  path: string,
  name: string,
  wanted: readonly string[],
  sections: ReadonlyMap<string, string>,
  stderr: Output,
): number {
  const before = readFileSync(path, 'utf8');
  let after = before;
  let failures = 0;
  for (const marker of wanted) {
    const text = sections.get(marker);
    if (text === undefined) {
      stderr.write(`${name}: the results say nothing about '${marker}', left as it is\n`);
      continue;
    }
    const replaced = replaceSection(after, marker, text);
    if (replaced === undefined) {
      stderr.write(`${name}: no markers for '${marker}'\n`);
      failures++;
    } else after = replaced;
  }
  if (after !== before) {
    writeFileSync(path, after);
    stderr.write(`wrote ${name}\n`);
  }
  return failures;
}

/** The document with another text between the markers; undefined when it has none. */
export function replaceSection(document: string, marker: string, text: string): string | undefined {
  const [begin, end] = [`<!-- ${marker}:begin -->\n`, `<!-- ${marker}:end -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) return undefined;
  return `${document.slice(0, from + begin.length)}${text}\n${document.slice(to)}`;
}
