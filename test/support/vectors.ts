/**
 * Where the public test vectors are: a folder beside the repository, or BURSTWIRE_VECTORS. They are not part of the
 * repository; where they are absent, the tests that need them are skipped and say why.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const beside = fileURLToPath(new URL('../../../shared/vectors', import.meta.url));

/** The folder, whether or not it exists. */
export const vectorsFolder = process.env.BURSTWIRE_VECTORS ?? beside;

/** The parsed JSON file, or undefined (with a printed reason) when it is not there. */
export function readVectors<T>(name: string): T | undefined {
  const path = join(vectorsFolder, name);
  if (!existsSync(path)) {
    console.warn(`skipped: no test vectors at ${path} (set BURSTWIRE_VECTORS to their folder)`);
    return undefined;
  }
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
