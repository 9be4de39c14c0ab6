/**
 * The documentation can be followed: every link leads somewhere, every block of JavaScript is JavaScript, and the programs that
 * say of themselves that they run as they stand do.
 */

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import ts from 'typescript';
import { describe, expect, it, onTestFinished } from 'vitest';
import { root, runProgram } from '../support/run-program.js';

const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...['bench/README.md', 'test/decoder/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

/** Below the ports that the kernel gives out by itself. */
const PORT = 24_433;

/** What GitHub makes of a heading. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const withoutCode = (text: string): string =>
  text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
const anchorsOf = (text: string): Set<string> =>
  new Set(
    Array.from(text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm), ([, heading]) =>
      slug(heading),
    ),
  );

interface Block {
  readonly page: string;
  readonly code: string;
}

const blocks: Block[] = pages.flatMap(({ name, text }) =>
  Array.from(text.matchAll(/^```js\n([\s\S]*?)^```/gm), ([, code]) => ({ page: name, code })),
);
const programs = blocks.filter(({ code }) => code.startsWith('// Runs as it stands.'));

describe('the documentation', { timeout: 60_000 }, () => {
  it.each(pages)('has no dead link: $name', ({ name, text }) => {
    const links = Array.from(withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link);
    const dead = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path, anchor] = link.split('#');
      const target = path === '' ? name : relative(root, resolve(root, dirname(name), path));
      const page = pages.find((other) => other.name === target);
      if (anchor !== undefined) return page === undefined || !anchorsOf(page.text).has(anchor);
      return page === undefined && !isThere(target);
    });
    expect(dead).toEqual([]);
  });

  it.each(blocks)('holds JavaScript that can be read, $page', ({ code }) => {
    const { diagnostics } = ts.transpileModule(code, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext },
      reportDiagnostics: true,
      fileName: 'block.mjs',
    });
    expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
  });

  it('has a program to run for each way to migrate', () => {
    const names = [...new Set(programs.map(({ page }) => page))];
    const ways = ['dgram', 'quic', 'udx'].map((from) => `docs/migration-from-${from}.md`);
    expect(names.sort()).toEqual(ways);
  });

  it.each(programs)('has a program that runs, $page', async ({ page, code }) => {
    const { stdout, stderr, code: status } = await runProgram(written(page, code));
    const [, promised] = /\/\/ prints: (.*)$/m.exec(code)!;
    expect([status, stderr, stdout]).toEqual([0, '', `${promised}\n`]);
  });

  it('has a server and a client in the README that talk with each other', async () => {
    const [server, client] = ['server', 'client'].map((name) => {
      const { code } = blocks.find((block) => block.code.startsWith(`// ${name}.mjs\n`))!;
      return written(`readme-${name}`, code.replace('4433', String(PORT)));
    });
    const child = spawn(process.execPath, [server], { cwd: root });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const [command, name, key] = String((await lines.next()).value).split(' ');
    expect([command, name]).toEqual(['node', 'client.mjs']);
    const { stdout, stderr, code } = await runProgram(client, { args: [key] });
    expect([code, stderr, stdout]).toEqual([0, '', 'hello\n']);
    expect((await lines.next()).value).toBe('a message of 100000');
  });
});

/** The code as a file inside the repository, so that the package finds itself by its name; gone when the test ends. */
function written(name: string, code: string): string {
  const file = join('build', `${name.replaceAll(/\W/g, '-')}-${process.pid}.mjs`);
  writeFileSync(join(root, file), code);
  onTestFinished(() => rmSync(join(root, file)));
  return file;
}

function isThere(path: string): boolean {
  try {
    readdirSync(join(root, path));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR';
  }
}
