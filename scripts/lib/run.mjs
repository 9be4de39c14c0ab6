// Running other programs. Called by every script of this folder; decides nothing about their results.
// Invariant: a program that does not exist is a result like any other (code 127), never an exception.

import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './paths.mjs';

/**
 * Runs a program to its end and keeps what it printed, both streams in one text.
 * Resolves to { code, output }; a program ended by a signal has code 128.
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const chunks = [];
    const child = spawn(command, args, {
      cwd: root,
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) =>
      resolve({ code: code ?? 128, output: Buffer.concat(chunks).toString('utf8') }),
    );
  });
}

/**
 * Runs a program with our own streams; resolves to its exit code. Ctrl-C reaches the program through the terminal,
 * so this process only waits for it to end.
 */
export function passThrough(command, args, options = {}) {
  return new Promise((resolve) => {
    const wait = () => {};
    process.on('SIGINT', wait);
    const child = spawn(command, args, { cwd: root, ...options, stdio: 'inherit' });
    const done = (code) => {
      process.off('SIGINT', wait);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      done(127);
    });
    child.on('close', (code) => done(code ?? 128));
  });
}

/** The full path of a program on PATH, or undefined. */
export function which(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The last lines of a text, without the empty ones at its end. */
export function tail(text, lines) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/** Calls `work` on each item, `width` at a time; resolves to the results in the order of the items. */
export async function pool(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
