/**
 * What a run was measured on: machine, kernel, Node, settings, commit. Reads; changes nothing.
 *
 * Called once by the harness before the first round. Invariant: what cannot be read is null, never a guess.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

import { capabilities } from '../../udp.js';
import { packageVersion } from '../version.js';
import type { Environment } from './result.js';

const PACKAGE_ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Settings that decide how much the kernel queues and how it treats UDP. */
const SYSCTLS = ['net.core.rmem_max', 'net.core.wmem_max', 'net.core.netdev_max_backlog'];
const TOOL_LIMIT_MS = 3000;

/** @param compiler the version line of the compiler that built the C++ rows, null without one */
export function readEnvironment(command: string, compiler: string | null): Environment {
  const processors = cpus();
  const found = capabilities();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
    kernel: release(),
    node: process.version,
    burstwire: packageVersion(),
    engine: found.engine,
    engineReasons: Object.entries(found.reasons).map(([name, reason]) => `${name}: ${reason}`),
    compiler,
    governor: readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    virtualized: isVirtualized(),
    loadAverage: loadavg()[0],
    sysctls: Object.fromEntries(SYSCTLS.map((name) => [name, readSysctl(name)])),
    commit: readCommit(),
    command,
  };
}

/** The first line of a program's `--version`, null when it does not run. */
export function versionLine(command: string): string | null {
  return firstLine(command, ['--version']);
}

export function readSysctl(name: string): string | null {
  return readText(`/proc/sys/${name.replaceAll('.', '/')}`);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function isVirtualized(): boolean | null {
  const flags = readText('/proc/cpuinfo');
  return flags === null ? null : /^flags\s*:.*\bhypervisor\b/m.test(flags);
}

function readCommit(): string | null {
  const commit = firstLine('git', ['-C', PACKAGE_ROOT, 'rev-parse', '--short', 'HEAD']);
  if (commit === null) return null;
  const changed = firstLine('git', ['-C', PACKAGE_ROOT, 'status', '--porcelain', '-uno']);
  return changed ? `${commit} (with changes)` : commit;
}

function firstLine(command: string, args: readonly string[]): string | null {
  try {
    const output = execFileSync(command, args, {
      encoding: 'utf8',
      timeout: TOOL_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output.split('\n')[0].trim();
  } catch {
    return null;
  }
}
