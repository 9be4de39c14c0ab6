// TypeScript to JavaScript, a file at a time, types stripped and nothing checked.
//
// What the compiler made of a file is kept in build/typescript/ under a name made of the file's text, so that a process
// that finds everything there does not load the compiler at all: that takes longer than many a case that is measured.
// Called by typescript-hooks.mjs, and by suite/plain-copy.ts. It resolves no imports.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const CACHE = new URL('../../build/typescript/', import.meta.url);
const COMPILER = new URL('../../node_modules/typescript/package.json', import.meta.url);
const OPTIONS = { module: 'esnext', target: 'es2022', inlineSourceMap: true };

let compilerVersion;

/** The JavaScript of that file. */
export async function transpile(fileName) {
  const text = readFileSync(fileName, 'utf8');
  const kept = new URL(`${nameOf(fileName, text)}.mjs`, CACHE);
  return readKept(kept) ?? (await compile(fileName, text, kept));
}

/** The file's path is in it because source maps name it. */
function nameOf(fileName, text) {
  compilerVersion ??= JSON.parse(readFileSync(COMPILER, 'utf8')).version;
  const facts = JSON.stringify([compilerVersion, OPTIONS, fileName, text]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 32);
}

function readKept(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

async function compile(fileName, text, kept) {
  const { default: ts } = await import('typescript');
  const compilerOptions = { ...ts.convertCompilerOptionsFromJson(OPTIONS, '.').options };
  const { outputText } = ts.transpileModule(text, { fileName, compilerOptions });
  try {
    mkdirSync(CACHE, { recursive: true });
    // Two processes may compile the same file: whoever renames last wins, and both are right.
    const own = new URL(`${kept.href}.${process.pid}`);
    writeFileSync(own, outputText);
    renameSync(own, kept);
  } catch {
    // A folder that cannot be written costs time only.
  }
  return outputText;
}
