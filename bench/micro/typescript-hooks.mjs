// The module hooks behind typescript.mjs; they run in Node's own hooks thread.
//
// What the compiler made of a file is kept in build/typescript/ under a name made of the file's text, so that a process
// that finds everything there does not load the compiler at all: that takes longer than many a case that is measured.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CACHE = new URL('../../build/typescript/', import.meta.url);
const COMPILER = new URL('../../node_modules/typescript/package.json', import.meta.url);
const OPTIONS = { module: 'esnext', target: 'es2022', inlineSourceMap: true };

let compilerVersion;

export function resolve(specifier, context, next) {
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL !== undefined) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(fileURLToPath(url)))
      return { url: url.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const fileName = fileURLToPath(url);
  const text = readFileSync(fileName, 'utf8');
  const kept = new URL(`${nameOf(fileName, text)}.mjs`, CACHE);
  const source = readKept(kept) ?? (await compile(fileName, text, kept));
  return { format: 'module', source, shortCircuit: true };
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
