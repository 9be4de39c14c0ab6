/**
 * The command line's options: a table of what a command takes, and what was given, checked.
 *
 * Every command describes its options once; parsing, the error messages and the help text all come from that table.
 * Writes nothing and ends no process. Invariant: what `parseArguments` accepts needs no further check of its kind or
 * range.
 */

import { nearest } from '../api/nearest.js';

interface Described {
  /** One line for the help text. */
  readonly about: string;
}

export interface NumberFlag extends Described {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
}

export interface TextFlag extends Described {
  readonly kind: 'text';
  /** What stands for the value in the help text, e.g. FILE. */
  readonly placeholder: string;
}

/** Names separated by commas; may be given several times. */
export interface ListFlag extends Described {
  readonly kind: 'list';
  readonly placeholder: string;
}

export interface SwitchFlag extends Described {
  readonly kind: 'switch';
}

export type Flag = NumberFlag | TextFlag | ListFlag | SwitchFlag;
export type FlagTable = Readonly<Record<string, Flag>>;

type FlagValue<F extends Flag> = F extends NumberFlag
  ? number
  : F extends TextFlag
    ? string | undefined
    : F extends ListFlag
      ? readonly string[]
      : boolean;

export type FlagValues<T extends FlagTable> = { readonly [K in keyof T]: FlagValue<T[K]> };

/** What was wrong with the command line, in one sentence. */
export class UsageError extends Error {
  override get name(): string {
    return 'UsageError';
  }
}

/**
 * Reads `--name value`, `--name=value` and `--switch`.
 *
 * @throws UsageError naming the argument
 */
export function parseArguments<T extends FlagTable>(
  table: T,
  given: readonly string[],
): FlagValues<T> {
  const values: Record<string, unknown> = defaultsOf(table);
  for (let i = 0; i < given.length; i++) {
    const argument = given[i];
    if (!argument.startsWith('--')) throw new UsageError(`unexpected argument '${argument}'`);
    const equals = argument.indexOf('=');
    const name = equals < 0 ? argument.slice(2) : argument.slice(2, equals);
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (flag === undefined) throw new UsageError(unknownOption(name, table));
    if (flag.kind === 'switch') {
      if (equals >= 0) throw new UsageError(`--${name} takes no value`);
      values[name] = true;
      continue;
    }
    const text = equals >= 0 ? argument.slice(equals + 1) : given[++i];
    if (text === undefined || text === '') throw new UsageError(`--${name} needs a value`);
    values[name] = checkedValue(name, flag, text, values[name]);
  }
  return values as FlagValues<T>;
}

/** The help text of a table: one line an option. */
export function describeFlags(table: FlagTable): string {
  const entries = Object.entries(table).map(([name, flag]) => {
    const left = flag.kind === 'switch' ? `--${name}` : `--${name} ${placeholderOf(flag)}`;
    const right = flag.kind === 'number' ? `${flag.about} (default ${flag.default})` : flag.about;
    return [left, right];
  });
  const width = Math.max(...entries.map(([left]) => left.length));
  return entries.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

function defaultsOf(table: FlagTable): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) {
    if (flag.kind === 'number') values[name] = flag.default;
    else if (flag.kind === 'switch') values[name] = false;
    else values[name] = flag.kind === 'list' ? [] : undefined;
  }
  return values;
}

function checkedValue(
  name: string,
  flag: NumberFlag | TextFlag | ListFlag,
  text: string,
  before: unknown,
): unknown {
  if (flag.kind === 'text') return text;
  if (flag.kind === 'list') {
    const names = text.split(',').map((item) => item.trim());
    return [...(before as string[]), ...names.filter((item) => item !== '')];
  }
  const number = /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const kind = flag.integer === true ? 'a whole number' : 'a number';
  const fits = number >= flag.min && number <= flag.max;
  if (fits && (flag.integer !== true || Number.isInteger(number))) return number;
  throw new UsageError(`--${name} must be ${kind} from ${flag.min} to ${flag.max}, not '${text}'`);
}

function placeholderOf(flag: NumberFlag | TextFlag | ListFlag): string {
  return flag.kind === 'number' ? 'N' : flag.placeholder;
}

function unknownOption(name: string, table: FlagTable): string {
  const meant = nearest(name, Object.keys(table));
  return `unknown option '--${name}'${meant === undefined ? '' : `; did you mean '--${meant}'?`}`;
}
