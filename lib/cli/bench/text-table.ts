/**
 * Aligned columns of plain text. Pure; knows nothing of benchmarks.
 */

export interface TextColumn {
  /** Two lines; the second may be empty. */
  readonly head: readonly [string, string];
  readonly align: 'left' | 'right';
}

const GAP = '  ';

/**
 * Heads, a rule, and the rows; columns are as wide as their widest cell. A row that is a string instead of cells
 * stands as it is.
 */
export function renderTextTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[] | string)[],
): string {
  const cells = rows.filter((row) => typeof row !== 'string');
  const widths = columns.map((column, i) =>
    Math.max(...column.head.map((line) => line.length), ...cells.map((row) => row[i].length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) =>
        columns[i].align === 'left' ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
      )
      .join(GAP)
      .trimEnd();
  const hasSecondHead = columns.some((column) => column.head[1] !== '');
  return [
    line(columns.map((column) => column.head[0])),
    ...(hasSecondHead ? [line(columns.map((column) => column.head[1]))] : []),
    widths.map((width) => '-'.repeat(width)).join(GAP),
    ...rows.map((row) => (typeof row === 'string' ? row : line(row))),
  ].join('\n');
}
