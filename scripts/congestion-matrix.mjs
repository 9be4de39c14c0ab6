// `npm run test:matrix`: runs every cell of test/sim/congestion and writes what came of it into
// docs/congestion.md, between its markers. Minutes. `--from FILE` takes the figures of an earlier run.
// It judges nothing: whether a gate is passed, the cell says.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tools } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';

const PAGE = new URL('../docs/congestion.md', import.meta.url);
const BEGIN = '<!-- matrix: begin -->';
const END = '<!-- matrix: end -->';

/** Runs the matrix. Returns the file with its figures. */
async function run() {
  const file = join(mkdtempSync(join(tmpdir(), 'burstwire-matrix-')), 'matrix.json');
  process.env.BURSTWIRE_MATRIX = 'all';
  process.env.BURSTWIRE_MATRIX_FILE = file;
  const test = 'test/sim/congestion/matrix.test.ts';
  const code = await passThrough(process.execPath, [
    tools.vitest,
    'run',
    '--project',
    'pure',
    test,
  ]);
  if (code !== 0) throw new Error('the matrix did not run to its end');
  return file;
}

const row = (cells) => `| ${cells.join(' | ')} |`;

/** `digits` after the point; nothing where nothing was measured. */
const figure = (value, digits = 2) => (value === undefined ? '' : value.toFixed(digits));

function table(results) {
  const head = [
    'cell',
    'use',
    'goodput',
    'queue p95',
    'lost',
    'Jain',
    'first flow',
    'besides',
    'gate',
    'passed',
  ];
  const rows = results.map(({ name, figures, note, gate, isPassed }) => {
    const { utilisation, goodput, queue95, lost, jain, firstShare } = figures;
    const isShared = firstShare !== 1;
    return row([
      name,
      figure(utilisation),
      figure(goodput),
      figure(queue95),
      lost === undefined ? '' : `${figure(100 * lost)} %`,
      isShared ? figure(jain) : '',
      isShared ? figure(firstShare) : '',
      note ?? '',
      gate,
      isPassed ? 'yes' : '**no**',
    ]);
  });
  return [row(head), row(head.map(() => '---')), ...rows].join('\n');
}

function section(results) {
  const missed = results.filter(({ isPassed }) => !isPassed);
  const count = `${results.length - missed.length} of ${results.length} cells pass their gate.`;
  const groups = [...new Set(results.map(({ group }) => group))].map(
    (group) => `### ${group}\n\n${table(results.filter((result) => result.group === group))}`,
  );
  return [count, ...groups].join('\n\n');
}

const from = process.argv.indexOf('--from');
const file = from < 0 ? await run() : process.argv[from + 1];
const results = JSON.parse(readFileSync(file, 'utf8'));
const page = readFileSync(PAGE, 'utf8');
const [before, rest] = page.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`docs/congestion.md: no ${BEGIN} with ${END} behind it`);
writeFileSync(PAGE, `${before}${BEGIN}\n\n${section(results)}\n\n${END}${after}`);
