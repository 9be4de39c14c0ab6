/**
 * Writes the figures of a result file into docs/netlab.md, between `<!-- netlab:begin -->` and `<!-- netlab:end -->`.
 *
 * Called by docs.mjs. Invariant: a document without the markers is an error, and what stands outside of them is never
 * touched.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { carrierName, type LabFile, mbit, percent, readResult } from './result.js';
import type { LabResult } from './scenarios.js';

const MARKED = /(<!-- netlab:begin -->\n)[\s\S]*?(<!-- netlab:end -->)/;

/** Returns the exit code: 2 when the result cannot be read, 1 without markers. */
export function writeFigures(resultFile: string | undefined, document: string): number {
  if (resultFile === undefined) {
    console.error('usage: node bench/netlab/docs.mjs RESULT.json');
    return 2;
  }
  let result: LabFile;
  try {
    result = readResult(resultFile);
  } catch (error) {
    console.error(`docs: ${(error as Error).message}`);
    return 2;
  }
  const before = readFileSync(document, 'utf8');
  if (!MARKED.test(before)) {
    console.error(`docs: ${document} has no netlab markers`);
    return 1;
  }
  const text = render(result);
  writeFileSync(
    document,
    before.replace(MARKED, (_all, begin, end) => `${begin}${text}${end}`),
  );
  return 0;
}

export function render(file: LabFile): string {
  const rows = file.results.map((result) => `| ${cells(result).join(' | ')} |`);
  const { measuredAt, cpu, cores, kernel, node } = file;
  return [
    '| flow | beside | Mbit/s | of the other | share | MB | seconds | SHA-256 | late packets |',
    '| --- | --- | --: | --: | --: | --: | --: | --- | --: |',
    ...rows,
    '',
    `Measured ${measuredAt.slice(0, 10)} on ${cpu}, ${cores} cores; Linux ${kernel}, Node ${node}.`,
    '',
  ].join('\n');
}

function cells(result: LabResult): string[] {
  const rival =
    result.kind === 'shared'
      ? [
          carrierName(result.rival),
          mbit(result.mbit),
          mbit(result.rivalMbit),
          percent(result.share),
        ]
      : ['alone', mbit(result.mbit), '', ''];
  const equal = result.isEqual === undefined ? 'cut off' : result.isEqual ? 'equal' : 'NOT EQUAL';
  const { lateOver1Ms, delivered } = result.link.aToB;
  return [
    carrierName(result.carrier),
    ...rival,
    (result.bytes / 1e6).toFixed(1),
    result.seconds.toFixed(1),
    equal,
    `${((lateOver1Ms / Math.max(1, delivered)) * 100).toFixed(1)} %`,
  ];
}
