/**
 * Binds the two processes of a case to two cores with taskset, where it is there and asked for. Reads the machine's
 * topology; binds nothing itself.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import type { Program } from './children.js';

/** Cores of sender and receiver: different physical ones. Null when there are not two or no taskset. */
export function choosePinning(): readonly [number, number] | null {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
  } catch {
    return null;
  }
  const first = siblings(0);
  for (let core = 1; core < availableParallelism(); core++) {
    if (!first.includes(core)) return [0, core];
  }
  return null;
}

export function pinned(program: Program, core: number): Program {
  return { command: 'taskset', args: ['-c', `${core}`, program.command, ...program.args] };
}

/** The threads of a core's physical core, itself included. */
function siblings(core: number): number[] {
  const path = `/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`;
  try {
    return parseCpuList(readFileSync(path, 'utf8'));
  } catch {
    return [core];
  }
}

/** "0-2,5" -> [0, 1, 2, 5] */
export function parseCpuList(text: string): number[] {
  const cores: number[] = [];
  for (const part of text.trim().split(',')) {
    const [from, to = from] = part.split('-').map(Number);
    for (let core = from; core <= to; core++) cores.push(core);
  }
  return cores;
}
