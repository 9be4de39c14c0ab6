// `npm test`: set-up, then vitest. Arguments go to it: `npm test -- test/unit/options.test.ts`.
//
// The tests of the tarball, which come last, need released binaries for two processors: when everything is to be run, they
// are built beside the tests before them, at the lowest priority. That build is only a head start: it says nothing, and what
// it could not build is tried again, and reported, where it is needed.

import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { tools } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';
import { setup } from './lib/setup.mjs';

function buildPrebuilds() {
  const script = new URL('prebuild.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [script], { stdio: 'ignore' });
  child.on('error', () => {});
  try {
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It could not be started, or has ended.
  }
  child.unref();
}

await setup();
const own = process.argv.slice(2);
if (own.every((argument) => argument.startsWith('--reporter') || argument.startsWith('--output')))
  buildPrebuilds();
const args = [tools.vitest, 'run', ...own];
process.exitCode = await passThrough(process.execPath, args);
