/** The catalogues of micro and components: names that others rely on. */

import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMPONENTS } from '../../../bench/components/catalogue.js';
import { MICRO } from '../../../bench/micro/catalogue.js';

const script = (name: string) => new URL(`../../../bench/${name}`, import.meta.url);

describe.each([...MICRO, ...COMPONENTS])('$id $title', ({ cases }) => {
  const names = cases.map(({ name }) => name);

  it('names each case once, and baselines that are there', () => {
    expect(new Set(names).size).toBe(names.length);
    for (const { baseline } of cases) expect(names).toContain(baseline);
  });

  it('starts scripts that are there', () => {
    for (const item of cases) expect(existsSync(script(item.script))).toBe(true);
  });
});
