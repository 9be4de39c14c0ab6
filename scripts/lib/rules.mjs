// Rules of this repository that no bought tool knows. Each returns { code, output }, like a program that was run.

import { existsSync, readFileSync } from 'node:fs';
import { listFiles, nativeSources } from './files.mjs';
import { inRoot } from './paths.mjs';

function verdict(problems) {
  return { code: problems.length === 0 ? 0 : 1, output: problems.join('\n') };
}

/** Only lib/native/load.ts may name a .node file: whoever else loads the addon skips its version check. */
export function addonDoor() {
  const problems = [];
  for (const path of listFiles('lib', (name) => name.endsWith('.ts'))) {
    if (path === 'lib/native/load.ts') continue;
    const lines = readFileSync(inRoot(path), 'utf8').split('\n');
    lines.forEach((line, index) => {
      const isComment = /^\s*(\/\/|\/?\*)/.test(line);
      if (!isComment && /\.node['"`]|process\.dlopen/.test(line)) {
        problems.push(`${path}:${index + 1}: only lib/native/load.ts may load the addon`);
      }
    });
  }
  return verdict(problems);
}

/** The two lists that both builds read name every C++ file of the engine, and only files that exist. */
export function sourceLists() {
  const listed = new Set(nativeSources());
  const present = ['native/batch', 'native/udp', 'native/crypto', 'native/napi'].flatMap((folder) =>
    listFiles(folder, (name) => name.endsWith('.cc')),
  );
  return verdict([
    ...present
      .filter((path) => !listed.has(path))
      .map((path) => `${path}: in no list, never compiled`),
    ...[...listed]
      .filter((path) => !existsSync(inRoot(path)))
      .map((path) => `${path}: listed, but there is no such file`),
  ]);
}

/** package-lock.json says what to install, not from where. */
export function lockfileNamesNoHost() {
  const lines = readFileSync(inRoot('package-lock.json'), 'utf8').split('\n');
  return verdict(
    lines
      .filter((line) => line.includes('"resolved":'))
      .map((line) => `package-lock.json: ${line}`),
  );
}
