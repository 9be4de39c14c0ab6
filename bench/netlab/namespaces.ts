/**
 * Network namespaces with names of our own, and their certain end.
 *
 * Called by the laboratory. Names are `netlab-<pid>-<number>`. Invariant: a namespace of this process is removed when the
 * process ends, by itself or by SIGINT, SIGTERM or SIGHUP; what a process that was killed has left behind is removed by
 * the next one.
 */

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NAME = /^netlab-(\d+)-\d+$/;

/** What must happen before the namespaces go, synchronously: the processes in them end. */
const endings = new Set<() => void>();
const own = new Set<string>();
let counter = 0;
let isWatching = false;

/** `ip` with these arguments; throws with what it said. */
export async function ip(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', [...args], { encoding: 'utf8' });
  return stdout;
}

export async function addNamespace(): Promise<string> {
  watch();
  const name = `netlab-${process.pid}-${counter++}`;
  own.add(name);
  await ip('netns', 'add', name);
  return name;
}

export async function deleteNamespace(name: string): Promise<void> {
  own.delete(name);
  await ip('netns', 'del', name);
}

/** A setting below /proc/sys as the namespace sees it. */
export async function setSysctl(namespace: string, name: string, value: string): Promise<void> {
  const script = 'echo "$1" > "/proc/sys/$2"';
  await ip('netns', 'exec', namespace, 'sh', '-c', script, 'sh', value, name.replaceAll('.', '/'));
}

export function onEnding(end: () => void): () => void {
  endings.add(end);
  return () => endings.delete(end);
}

function watch(): void {
  if (isWatching) return;
  isWatching = true;
  removeForgotten();
  process.once('exit', removeAll);
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.once(signal, () => {
      removeAll();
      process.exit(128 + number);
    });
  }
}

function removeAll(): void {
  for (const end of endings) end();
  endings.clear();
  for (const name of own) spawnSync('ip', ['netns', 'del', name]);
  own.clear();
}

/** Of processes that are no more. A number that another process has now keeps its namespace: harmless. */
function removeForgotten(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const line of (stdout ?? '').split('\n')) {
    const name = line.split(' ')[0] ?? '';
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) spawnSync('ip', ['netns', 'del', name]);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
