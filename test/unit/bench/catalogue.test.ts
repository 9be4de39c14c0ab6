/**
 * The catalogue as data: ids, names, baselines and scripts that hang together. Runs none of it.
 */

import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../bench/suite/catalogue.js';
import { scriptPath } from '../../../bench/suite/run-case.js';

const PROMISED = {
  micro: { P: 6 },
  components: { C: 4, D: 2 },
  e2e: { E: 6 },
  stress: { S: 7 },
  ablation: { A: 10 },
} as const;

describe('the catalogue', () => {
  it.each([...new Set(CATALOGUE.map(({ group }) => group))])(
    'has all of %s, each once',
    (group) => {
      const ids = CATALOGUE.filter((item) => item.group === group).map(({ id }) => id);
      const promised = Object.entries(PROMISED[group]).flatMap(([letter, count]) =>
        Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
      );
      expect(ids).toEqual(promised);
    },
  );

  it.each(CATALOGUE.map((benchmark) => [benchmark.id, benchmark] as const))(
    '%s hangs together',
    (_id, { cases, about, axis }) => {
      const names = cases.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(cases.some(({ role }) => role === 'ours' || role === 'after')).toBe(true);
      expect(about.length).toBeGreaterThan(20);
      if (cases.some(({ at }) => at !== undefined)) expect(axis).toBeDefined();
      for (const { name, baseline, script } of cases) {
        if (baseline !== undefined) expect(names, name).toContain(baseline);
        if (script.endsWith('.ts') || script.endsWith('.mjs')) {
          expect(existsSync(scriptPath(script)), script).toBe(true);
        }
      }
    },
  );
});
