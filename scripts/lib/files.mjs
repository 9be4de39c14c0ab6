// Lists and fingerprints of files: whether a build is stale is decided by contents, never by times, so that a
// checkout, a copy or a clock cannot fool it. Called by the set-up and the check scripts; writes only stamps.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { inRoot, root } from './paths.mjs';

/** Every file below `folder` (relative to the root) whose name `wanted` accepts, sorted, with forward slashes. */
export function listFiles(folder, wanted = () => true) {
  const absolute = inRoot(folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted(entry.name))
    .filter((entry) => !(entry.parentPath ?? entry.path).includes(`${sep}node_modules${sep}`))
    .map((entry) => relative(root, `${entry.parentPath ?? entry.path}${sep}${entry.name}`))
    .map((path) => path.split(sep).join('/'))
    .sort();
}

/** One hash over names and contents of the files that exist, and over `more`, whatever else a build depends on. */
export function fingerprint(paths, ...more) {
  const hash = createHash('sha256');
  for (const path of paths) {
    if (!existsSync(inRoot(path))) continue;
    const content = readFileSync(inRoot(path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  hash.update(JSON.stringify(more));
  return hash.digest('hex');
}

/** The fingerprint that a stamp file holds, or undefined. */
export function readStamp(path) {
  return existsSync(inRoot(path)) ? readFileSync(inRoot(path), 'utf8').trim() : undefined;
}

export function writeStamp(path, value) {
  mkdirSync(dirname(inRoot(path)), { recursive: true });
  writeFileSync(inRoot(path), `${value}\n`);
}

/** The C++ sources that both builds compile, in order. */
export function nativeSources() {
  return ['native/sources.txt', 'native/napi-sources.txt'].flatMap((list) =>
    readFileSync(inRoot(list), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('native/')),
  );
}
