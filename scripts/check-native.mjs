// `npm run check:native [-- file ...]`: clang-tidy over the C++ of native/, with the compile commands of CMake.
//
// The addon's own files are included when Node's headers are found. Nothing is compiled; the rules stand in .clang-tidy.

import { join } from 'node:path';
import { listFiles } from './lib/files.mjs';
import { configure, haveAll } from './lib/native-build.mjs';
import { inRoot } from './lib/paths.mjs';
import { capture, pool, tail } from './lib/run.mjs';
import { nodeHeadersPrefix } from './lib/toolchain.mjs';

const FOLDER = 'build/tidy';

/** Checks one file; true when it is clean. */
async function tidy(path) {
  const { code, output } = await capture('clang-tidy', ['-p', inRoot(FOLDER), '--quiet', path]);
  // Apart from findings, clang-tidy prints how many warnings of system headers it kept to itself.
  const findings = output.replace(/^\d+ warnings? .*\n?/gm, '');
  console.log(code === 0 ? `ok       ${path}` : `FAILED   ${path}\n${tail(findings, 80)}`);
  return code === 0;
}

async function main() {
  if (!haveAll({ cmake: 'cmake', 'clang-tidy': 'clang-tidy', 'clang++': 'clang' })) return 1;
  const prefix = nodeHeadersPrefix();
  if (!prefix) console.log("skipped  native/napi: Node's headers are not installed beside Node");
  const headers = prefix
    ? `${join(prefix, 'include/node')};${inRoot('node_modules/node-addon-api')}`
    : '';
  const options = { CMAKE_JS_INC: headers, CMAKE_BUILD_TYPE: 'RelWithDebInfo' };
  if (!(await configure(FOLDER, options, { CC: 'clang', CXX: 'clang++' }))) return 1;
  const given = process.argv.slice(2);
  const folders = [
    'native/batch',
    'native/udp',
    'native/crypto',
    ...(prefix ? ['native/napi'] : []),
    'native/test',
  ];
  const files =
    given.length > 0
      ? given
      : folders.flatMap((folder) => listFiles(folder, (name) => name.endsWith('.cc')));
  const results = await pool(files, 2, tidy);
  return results.every(Boolean) ? 0 : 1;
}

process.exitCode = await main();
