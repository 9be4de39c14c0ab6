// `npm run check`: every rule that a program can check, side by side, one line each; what a failed one printed follows.
//
// `--summary FILE` also writes { passed, failed } as JSON. A tool that is not installed (clang-format) is skipped
// with its line and counts neither way.

import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { listFiles } from './lib/files.mjs';
import { tools } from './lib/paths.mjs';
import { addonDoor, lockfileNamesNoHost, sourceLists } from './lib/rules.mjs';
import { capture, pool, which } from './lib/run.mjs';

const node = process.execPath;
const SHOWN_LINES = 60;

function clangFormat() {
  if (!which('clang-format')) return { skipped: 'not installed: apt-get install clang-format' };
  const files = ['native', 'bench'].flatMap((folder) =>
    listFiles(folder, (name) => /\.(cc|h)$/.test(name)),
  );
  return capture('clang-format', ['--dry-run', '-Werror', ...files]);
}

const typeCheck = (project) => [
  tools.tsc,
  '-p',
  project,
  '--noEmit',
  '--incremental',
  '--tsBuildInfoFile',
  `build/check/${project}.tsbuildinfo`,
];

// The slowest first: two at a time on two cores.
const checks = [
  ['tsc (lib)', () => capture(node, typeCheck('tsconfig.json'))],
  ['tsc (core)', () => capture(node, typeCheck('tsconfig.core.json'))],
  ['tsc (test, bench)', () => capture(node, typeCheck('tsconfig.test.json'))],
  ['dependency-cruiser', () => capture(node, [tools.depcruise, 'lib', 'test', 'bench'])],
  [
    'biome',
    () => capture(node, [tools.biome, 'ci', '--colors=off', '--diagnostic-level=warn', '.']),
  ],
  ['clang-format', clangFormat],
  ['one door to the addon', addonDoor],
  ['one list of C++ sources', sourceLists],
  ['lockfile without hosts', lockfileNamesNoHost],
];

/** The beginning of a failed tool's output, indented: the first problem is the one to mend. */
function excerpt(output) {
  const lines = output.trimEnd().split('\n');
  const more = lines.length - SHOWN_LINES;
  if (more > 0) lines.splice(SHOWN_LINES, more, `... and ${more} lines more`);
  return lines.map((line) => `    ${line}`).join('\n');
}

async function runCheck([name, work]) {
  const start = Date.now();
  const { skipped, code, output } = await work();
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  if (skipped) console.log(`skipped  ${name}: ${skipped}`);
  else if (code === 0) console.log(`ok       ${name} (${seconds} s)`);
  else console.log(`FAILED   ${name} (${seconds} s)\n${excerpt(output)}`);
  return skipped ? undefined : code === 0;
}

const results = await pool(checks, Math.max(2, availableParallelism()), runCheck);
const passed = results.filter((result) => result === true).length;
const failed = results.filter((result) => result === false).length;

const summary = process.argv.indexOf('--summary');
if (summary > 0) writeFileSync(process.argv[summary + 1], JSON.stringify({ passed, failed }));
if (failed > 0) process.exitCode = 1;
