/**
 * Who runs this side, in one line: for reports of tests between two machines. Called by `perf`.
 */

import type { Endpoint } from '../../index.js';
import { packageVersion } from '../version.js';

/** E.g. 'Node v20.20.2'. */
export function runtimeName(): string {
  const { bun, deno } = process.versions;
  if (bun !== undefined) return `Bun ${bun}`;
  if (deno !== undefined) return `Deno ${deno}`;
  return `Node ${process.version}`;
}

/** E.g. 'burstwire 0.1.0, Node v20.20.2, native engine, native crypto'. */
export function describeSystem({ engine, crypto }: Endpoint): string {
  return `burstwire ${packageVersion()}, ${runtimeName()}, ${engine.name} engine, ${crypto.name} crypto`;
}
