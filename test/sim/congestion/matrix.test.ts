/**
 * The matrix of paths and controllers. `npm test` runs a representative part; BURSTWIRE_MATRIX=all runs every cell, and
 * BURSTWIRE_MATRIX_FILE=x.json writes the figures down (scripts/congestion-matrix.mjs makes docs/congestion.md of them).
 */

import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PATIENCE } from '../patience.js';
import type { Cell, Outcome } from './cell.js';
import { CELLS } from './cells.js';

const isAll = process.env.BURSTWIRE_MATRIX === 'all';
const file = process.env.BURSTWIRE_MATRIX_FILE;
const results: (Outcome & Pick<Cell, 'group' | 'name' | 'gate'>)[] = [];

const chosen = isAll ? CELLS : CELLS.filter(({ isQuick }) => isQuick);

describe('the matrix', PATIENCE, () => {
  it.each(chosen)('$group: $name: $gate', (cell) => {
    const outcome = cell.run();
    const { group, name, gate } = cell;
    results.push({ group, name, gate, ...outcome });
    if (file !== undefined) writeFileSync(file, JSON.stringify(results));
    // Whoever writes it down wants all of it.
    if (file === undefined) expect(outcome).toMatchObject({ isPassed: true });
  });

  it('has each cell once', () => {
    const names = CELLS.map(({ group, name }) => `${group}: ${name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
