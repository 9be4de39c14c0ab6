/**
 * Numbers as text, the same way in the terminal and on the page. Pure.
 */

/** 5,123,456 */
export function formatInteger(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 5.12 M, 631 k, 87: three significant digits. */
export function formatCompact(value: number): string {
  if (value >= 999_500) return `${significant(value / 1e6)} M`;
  if (value >= 999.5) return `${significant(value / 1e3)} k`;
  return significant(value);
}

/** Three significant digits, without an exponent: 0.0217, 1.47, 61.3, 450. */
export function significant(value: number): string {
  if (value === 0) return '0';
  // Rounded first: 999.6 has one digit more than it seems.
  const rounded = Number(value.toPrecision(3));
  const digits = 2 - Math.floor(Math.log10(Math.abs(rounded)));
  return rounded.toFixed(Math.max(0, Math.min(digits, 6)));
}

/** 24.1x */
export function formatRatio(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)}x`;
}

/** 0 %, 0.03 %, 1.2 %, 45 % */
export function formatPercent(part: number): string {
  const percent = part * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.01) return '<0.01 %';
  return `${percent < 1 ? percent.toFixed(2) : percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** 4 MiB, 208 KiB */
export function formatBytes(bytes: number): string {
  if (bytes >= 1 << 30) return `${significant(bytes / 2 ** 30)} GiB`;
  if (bytes >= 1 << 20) return `${significant(bytes / 2 ** 20)} MiB`;
  if (bytes >= 1024) return `${significant(bytes / 1024)} KiB`;
  return `${bytes} B`;
}
