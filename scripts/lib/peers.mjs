// What the performance suite compares with: installs bench/peers when it is missing or older than its lockfile.
//
// Peers are no dependency of anything that is shipped or tested. Called by scripts/bench.mjs, before a run that compares.
// Invariant: whatever goes wrong here, the run goes on: a peer that is missing is a row that says so.

import { existsSync, statSync } from 'node:fs';
import { inRoot } from './paths.mjs';
import { capture } from './run.mjs';

const RECORD = 'bench/peers/node_modules/.package-lock.json';
const LOCKFILE = 'bench/peers/package-lock.json';
/** Benchmarks that have peers which are packages, and their group. */
const COMPARING = /^(E[1-5]|e2e)$/i;

/** Whether a run with these arguments measures any of them. */
export function comparesWithPeers(args) {
  if (args.some((arg) => ['--list', '--help', '-h'].includes(arg))) return false;
  const at = args.findIndex((arg) => /^--only(=|$)/.test(arg));
  if (at < 0) return true;
  const only = args[at].includes('=') ? args[at].slice('--only='.length) : (args[at + 1] ?? '');
  return only.split(',').some((id) => COMPARING.test(id.trim()));
}

export async function installPeers() {
  const [record, lockfile] = [inRoot(RECORD), inRoot(LOCKFILE)];
  if (existsSync(record) && statSync(record).mtimeMs >= statSync(lockfile).mtimeMs) return;
  console.error('burstwire: installing what is compared with (npm install in bench/peers)');
  // Not `ci`: a mirror that lacks the binaries of other platforms makes it refuse the lockfile.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await capture('npm', args, { cwd: inRoot('bench/peers') });
  if (code === 0) return;
  const reason = output.trim().split('\n')[0];
  console.error(`burstwire: going on without them: npm install failed: ${reason}`);
}
