// Configuring and building with CMake, for the native tests, the fuzz targets and clang-tidy. Prints what failed and
// returns false then; never ends the process.

import { inRoot } from './paths.mjs';
import { capture, tail, which } from './run.mjs';

/** Says which of these programs are missing, and how to get them; true when none is. */
export function haveAll(programs) {
  const missing = Object.keys(programs).filter((name) => !which(name));
  if (missing.length === 0) return true;
  const packages = [...new Set(missing.map((name) => programs[name]))];
  console.error(`burstwire: missing ${missing.join(', ')}: apt-get install ${packages.join(' ')}`);
  return false;
}

async function step(name, args, env) {
  const result = await capture('cmake', args, { env: { ...process.env, ...env } });
  if (result.code === 0) return true;
  console.error(tail(result.output, 60));
  console.error(`burstwire: ${name} failed: see above`);
  return false;
}

/** Configures `folder` (below the root) with the given -D options and environment. */
export function configure(folder, options, env = {}) {
  const definitions = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  return step('cmake', ['-S', inRoot(), '-B', inRoot(folder), ...definitions], env);
}

/** Builds everything of a configured folder, two files at a time. */
export function build(folder) {
  return step('the native build', ['--build', inRoot(folder), '--parallel', '2']);
}
