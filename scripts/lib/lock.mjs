// One build at a time: `npm start` and `npm test` in two terminals must not build into the same folder at once.
// Invariant: the lock of a process that is gone is taken over, so a killed build blocks nobody; nor does one whose
// number is now our own, as happens in containers.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_MS = 250;
const LIMIT_MS = 15 * 60 * 1000;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while holding the lock file `path`; waits for another holder that is alive. */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const limit = Date.now() + LIMIT_MS;
  let told = false;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    let holder = 0;
    try {
      holder = Number(readFileSync(path, 'utf8'));
    } catch {
      continue; // Released between the two calls.
    }
    if (holder === process.pid || (holder > 0 && !isAlive(holder))) {
      rmSync(path, { force: true });
      continue;
    }
    if (Date.now() > limit) throw new Error(`${path} is held by process ${holder}: remove it`);
    if (!told) console.error(`burstwire: waiting for what process ${holder} builds`);
    told = true;
    await sleep(WAIT_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
