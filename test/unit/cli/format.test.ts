/** Numbers and tables as text. */

import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCompact,
  formatInteger,
  formatPercent,
  formatRatio,
  significant,
} from '../../../lib/cli/bench/format.js';
import { renderTextTable } from '../../../lib/cli/bench/text-table.js';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [5_123_456.4, '5,123,456'],
  ])('formatInteger(%d) is %s', (value, text) => expect(formatInteger(value)).toBe(text));

  it.each([
    [87, '87.0'],
    [999.4, '999'],
    [999.6, '1.00 k'],
    [631_234, '631 k'],
    [999_499, '999 k'],
    [999_600, '1.00 M'],
    [5_123_456, '5.12 M'],
    [12_300_000, '12.3 M'],
  ])('formatCompact(%d) is %s', (value, text) => expect(formatCompact(value)).toBe(text));

  it.each([
    [0, '0'],
    [0.02171, '0.0217'],
    [0.000001234, '0.000001'],
    [1.466, '1.47'],
    [61.27, '61.3'],
    [450.2, '450'],
    [-1.466, '-1.47'],
  ])('significant(%d) is %s', (value, text) => expect(significant(value)).toBe(text));

  it('formatRatio, formatPercent and formatBytes keep few digits', () => {
    expect([2.345, 24.06, 123.4].map(formatRatio)).toEqual(['2.35x', '24.1x', '123x']);
    expect([0, 0.00001, 0.0012, 0.012, 0.451].map(formatPercent)).toEqual([
      '0 %',
      '<0.01 %',
      '0.12 %',
      '1.2 %',
      '45 %',
    ]);
    expect([512, 212_992, 4 << 20, 8 * 2 ** 30].map(formatBytes)).toEqual([
      '512 B',
      '208 KiB',
      '4.00 MiB',
      '8.00 GiB',
    ]);
  });
});

describe('renderTextTable', () => {
  it('aligns columns and lets a string stand as it is', () => {
    const text = renderTextTable(
      [
        { head: ['', 'path'], align: 'left' },
        { head: ['sent', '/s'], align: 'right' },
      ],
      [['a', '1,000'], 'b: a long line that widens nothing', ['long name', '5']],
    );
    expect(text.split('\n')).toEqual([
      '            sent',
      'path          /s',
      '---------  -----',
      'a          1,000',
      'b: a long line that widens nothing',
      'long name      5',
    ]);
  });
});
