/**
 * Copies of scripts, and of all that they import, as JavaScript in build/plain/, which Node runs as it is.
 *
 * Module hooks cost each process a quarter of a second, and the suite starts some six hundred. Called by run-case.ts for
 * each case; a file is written only when its text has changed. Only modules are copied: to everything else a file finds its
 * way from where it was written, since `import.meta.url` is that place in the copy, too.
 *
 * Invariant: whatever cannot be copied is run in place, with the hooks.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COPY = join(ROOT, 'build', 'plain');
const TRANSPILE = new URL('../micro/transpile.mjs', import.meta.url).href;
/** `from './x.js'` and `import('./x.js')`: beside the copy, too. */
const IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)\.js['"]/g;
/** What another process starts: the copy of it. */
const STARTED = /new URL\('(\.[^']*)\.ts', import\.meta\.url\)/g;

interface Transpiler {
  transpile(fileName: string): Promise<string>;
}

const copied = new Set<string>();
/** Of whoever asked last: the next one waits, since what counts as copied may still be on its way. */
let last: Promise<string | undefined> = Promise.resolve(undefined);

/** The JavaScript to start instead of that script of this repository; undefined: start the script itself. */
export function plainCopyOf(script: string): Promise<string | undefined> {
  last = last.then(() => copyOf(script));
  return last;
}

async function copyOf(script: string): Promise<string | undefined> {
  if (relative(ROOT, script).startsWith('..')) return undefined;
  try {
    const { transpile } = (await import(TRANSPILE)) as Transpiler;
    await copy(script, transpile);
    return targetOf(script);
  } catch {
    return undefined;
  }
}

/** The file, and all that it can reach. */
async function copy(file: string, transpile: Transpiler['transpile']): Promise<void> {
  if (copied.has(file)) return;
  copied.add(file);
  try {
    const text = await transpile(file);
    const reached = [...text.matchAll(IMPORT), ...text.matchAll(STARTED)];
    for (const [, name] of reached) await copy(join(dirname(file), `${name}.ts`), transpile);
    write(targetOf(file), atHome(text, file));
  } catch (error) {
    // The next case that needs it must not take it for there.
    copied.delete(file);
    throw error;
  }
}

function targetOf(file: string): string {
  return join(COPY, relative(ROOT, file)).replace(/\.ts$/, '.js');
}

/** The text as it has to be where the copy is. */
function atHome(text: string, file: string): string {
  const urlOf = (path: string): string => JSON.stringify(pathToFileURL(path).href);
  return text
    .replace(STARTED, (_, name) => `new URL(${urlOf(targetOf(join(dirname(file), `${name}.ts`)))})`)
    .replaceAll('import.meta.url', urlOf(file));
}

/** Another suite may run beside this one: whoever renames last wins, and both are right. */
function write(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  writeFileSync(own, text);
  renameSync(own, file);
}
