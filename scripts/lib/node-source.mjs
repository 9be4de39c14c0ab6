// The source of Node that Debian ships, for its own tests and benchmarks of dgram: fetched, never committed.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { capture, tail } from './run.mjs';

export const NODE_VERSION = '20.19.2';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** What of the source is needed. */
const WANTED = [
  ...['test/common', 'test/parallel', 'test/sequential', 'test/internet', 'test/async-hooks'],
  ...['test/fixtures', 'test/benchmark', 'benchmark'],
];

export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'burstwire');
}

/** { folder } with `test/` and `benchmark/`, or { reason }. Fetches 20 MB the first time. */
export async function nodeSource() {
  const folder = join(cacheFolder(), `node-${NODE_VERSION}`);
  if (existsSync(folder)) return { folder };
  if (!existsSync(KEYRING)) return { reason: 'this is no Debian, whose source package it is' };
  const work = await makeWork();
  try {
    const archive = await download(work);
    if (archive === undefined) return { reason: 'the source package of Debian 13 is out of reach' };
    const members = WANTED.map((name) => `node-v${NODE_VERSION}/${name}`);
    const result = await capture('tar', ['xJf', archive, ...members], { cwd: work });
    if (result.code !== 0) return { reason: `tar: ${tail(result.output, 1)}` };
    renameSync(join(work, `node-v${NODE_VERSION}`), folder);
    return { folder };
  } catch (error) {
    return { reason: error.message };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function makeWork() {
  mkdirSync(cacheFolder(), { recursive: true });
  const work = mkdtempSync(join(cacheFolder(), 'fetch-'));
  for (const name of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(work, name), { recursive: true });
  }
  const line = `deb-src [signed-by=${KEYRING}] ${await mirror()} trixie main\n`;
  writeFileSync(join(work, 'sources.list'), line);
  return work;
}

/** Where this system takes Debian's packages from. */
async function mirror() {
  const { output } = await capture('apt-get', ['indextargets', '--format', '$(LABEL) $(SITE)']);
  const found = /^Debian (\S+)$/m.exec(output)?.[1];
  if (found === undefined) throw new Error('apt knows no mirror of Debian');
  return found;
}

/** The upstream archive. Lists and archives are of our own, so that the system's are left alone. */
async function download(work) {
  const options = [
    ...['-o', `Dir::Etc::sourcelist=${work}/sources.list`, '-o', 'Dir::Etc::sourceparts=-'],
    ...['-o', `Dir::State::lists=${work}/lists`, '-o', `Dir::Cache=${work}/cache`],
    ...['-o', 'APT::Sandbox::User=root'],
  ];
  await capture('apt-get', [...options, 'update', '-q'], { cwd: work });
  // Debian's own patches may be gone from the mirror already; the archive of Node is what counts.
  await capture('apt-get', [...options, 'source', '--download-only', '-q', 'nodejs'], {
    cwd: work,
  });
  const wanted = new RegExp(`^nodejs_${NODE_VERSION.replaceAll('.', '\\.')}.*\\.orig\\.tar\\.xz$`);
  return readdirSync(work).find((name) => wanted.test(name));
}
