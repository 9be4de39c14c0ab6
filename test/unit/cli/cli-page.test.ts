/** docs/cli.md against the help of each command, both ways: options with letter and value, and the defaults of numbers. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { benchHelp } from '../../../lib/cli/bench/command.js';
import { doctorHelp } from '../../../lib/cli/doctor.js';
import { keygenHelp } from '../../../lib/cli/keygen.js';
import { perfHelp } from '../../../lib/cli/perf/command.js';
import { receiveHelp } from '../../../lib/cli/transfer/receive.js';
import { sendHelp } from '../../../lib/cli/transfer/send.js';

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');

/** `-t`, `--time N` and the rest of the line, of each option. */
type Options = Record<string, string>;

function inHelp(help: string): Options {
  const lines = help.matchAll(/^ {2}(?:(-\w), )? *(--[\w-]+(?: [A-Z][A-Z[\]]*)?) {2,}(.+)$/gm);
  return Object.fromEntries(
    Array.from(lines, ([, letter, long, about]) => [
      letter === undefined ? `\`${long}\`` : `\`${letter}\`, \`${long}\``,
      about,
    ]),
  );
}

/** The rows of the table behind "Options of `command`". */
function inPage(command: string): Options {
  const [, rest] = page.split(`Options of \`${command}\``);
  expect(rest, command).toBeDefined();
  const [table] = /\n\n\| option \| meaning \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(rest) ?? [];
  const rows = table?.trim().split('\n').slice(2) ?? [];
  return Object.fromEntries(
    rows.map((row) => {
      const [option, ...meaning] = row.slice(2, -2).split(' | ');
      return [option, meaning.join(' | ')];
    }),
  );
}

describe('docs/cli.md', () => {
  it.each([
    ['perf client', perfHelp(['client'])],
    ['perf server', perfHelp(['server'])],
    ['send', sendHelp()],
    ['receive', receiveHelp()],
    ['bench', benchHelp()],
    ['doctor', doctorHelp()],
    ['keygen', keygenHelp()],
  ])('has the options of %s that its help has, and no others', (command, help) => {
    const helped = inHelp(help);
    const described = inPage(command);
    expect(Object.keys(helped).length).toBe(help.match(/^ {2,6}-/gm)?.length);
    expect(Object.keys(described).sort()).toEqual(Object.keys(helped).sort());
    for (const [option, about] of Object.entries(helped)) {
      const number = /\(default (\d[\d.]*)\)$/.exec(about)?.[1];
      if (number !== undefined)
        expect(described[option]).toMatch(new RegExp(`default ${number}\\b`));
      expect(described[option].length, option).toBeGreaterThan(3);
    }
  });
});
