/**
 * Cookies and version lists, byte by byte: handshakes that were written down are spoken today as they were then, and the
 * second decoder reads every message of them.
 *
 * A failure means that peers in the field no longer understand us; see wire-0.1.test.ts for what to do. The Python half is
 * skipped with a printed reason where python3 is missing.
 */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeAll, hasPython } from '../support/second-decoder.js';
import { type Conversation, conversations } from './answers/conversation.js';

const recorded = JSON.parse(
  readFileSync(new URL('answers.json', import.meta.url), 'utf8'),
) as Record<string, Conversation>;

it('are spoken as they were recorded', () => {
  expect(conversations()).toEqual(recorded);
});

describe.skipIf(!hasPython)('the second decoder', () => {
  const names = Object.keys(recorded);
  let read: ReturnType<typeof decodeAll>;
  beforeAll(() => {
    const captures = Object.values(recorded);
    read = decodeAll(captures.map(({ suite, keys, datagrams }) => ({ suite, keys, datagrams })));
  });

  it.each(names)('reads: %s', (name) => {
    const { status, lines } = read[names.indexOf(name)];
    expect(lines.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(status).toBe(0);
    const isCookie = name.startsWith('cookie');
    const ends = name.includes('XX') ? ['response', 'final'] : ['response'];
    const answer = isCookie ? 'cookie' : 'versions';
    expect(lines.map(({ type }) => type)).toEqual(['initiation', answer, 'initiation', ...ends]);
    const expected = isCookie
      ? { cookie: expect.stringMatching(/^[0-9a-f]{32}$/) }
      : { versions: ['62770001'], suites: [3, 1] };
    expect(lines[1]).toMatchObject(expected);
    expect(lines.at(-1)).toMatchObject({ secrets: [expect.any(String), expect.any(String)] });
  });
});
