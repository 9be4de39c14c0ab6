// Where things are, seen from the repository's root. Nothing here touches the disk.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A path below the repository's root. */
export function inRoot(...parts) {
  return join(root, ...parts);
}

/** The script of a development dependency, to be run with this same Node: no .bin, no shell, no PATH. */
export const tools = {
  tsc: inRoot('node_modules/typescript/lib/tsc.js'),
  nodeGyp: inRoot('node_modules/node-gyp/bin/node-gyp.js'),
  vitest: inRoot('node_modules/vitest/vitest.mjs'),
  biome: inRoot('node_modules/@biomejs/biome/bin/biome'),
  depcruise: inRoot('node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
  prebuildify: inRoot('node_modules/prebuildify/bin.js'),
};
