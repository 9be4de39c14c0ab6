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
  /** The letter of `-P`. */
  readonly short?: string;
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

/** A number that may carry K, M, G or T: powers of 1024 of bytes, of 1000 of bits a second. 0 when it is not given. */
export interface QuantityFlag extends Described {
  readonly kind: 'bytes' | 'bitrate';
  readonly min: number;
  readonly max: number;
}

export interface ChoiceFlag extends Described {
  readonly kind: 'choice';
  readonly choices: readonly string[];
}

export type Flag = NumberFlag | TextFlag | ListFlag | SwitchFlag | QuantityFlag | ChoiceFlag;
export type FlagTable = Readonly<Record<string, Flag>>;

type FlagValue<F extends Flag> = F extends NumberFlag | QuantityFlag
  ? number
  : F extends TextFlag
    ? string | undefined
    : F extends ChoiceFlag
      ? F['choices'][number] | undefined
      : F extends ListFlag
        ? readonly string[]
        : boolean;

export type FlagValues<T extends FlagTable> = { readonly [K in keyof T]: FlagValue<T[K]> };

export interface Parsed<T extends FlagTable> {
  readonly flags: FlagValues<T>;
  readonly operands: readonly string[];
  /** Names of the options that were given: a value that is the default may have been asked for. */
  readonly named: ReadonlySet<string>;
}

/** What was wrong with the command line, in one sentence. */
export class UsageError extends Error {
  override get name(): string {
    return 'UsageError';
  }
}

/**
 * Reads `--name value`, `--name=value`, `--switch`, and where the table has letters `-P 4`, `-P4` and `-R`.
 *
 * @throws UsageError naming the argument
 */
export function parseArguments<T extends FlagTable>(
  table: T,
  given: readonly string[],
): FlagValues<T> {
  const { flags, operands } = parseWithOperands(table, given, []);
  if (operands.length > 0) throw unexpected(operands[0]);
  return flags;
}

/**
 * As `parseArguments`, for a command that takes operands, too; everything behind `--` is one.
 *
 * @param names of the operands, in order; one in brackets may be left out
 * @throws UsageError
 */
export function parseWithOperands<T extends FlagTable>(
  table: T,
  given: readonly string[],
  names: readonly string[],
): Parsed<T> {
  const values: Record<string, unknown> = defaultsOf(table);
  const named = new Set<string>();
  const operands: string[] = [];
  for (let i = 0; i < given.length; i++) {
    const argument = given[i];
    if (argument === '--' && names.length > 0) {
      operands.push(...given.slice(i + 1));
      break;
    }
    const option = readOption(table, argument);
    if (option === undefined) {
      operands.push(argument);
      continue;
    }
    const { name, written, flag } = option;
    named.add(name);
    if (flag.kind === 'switch') {
      if (option.text !== undefined) throw new UsageError(`${written} takes no value`);
      values[name] = true;
      continue;
    }
    const text = option.text ?? given[++i];
    if (text === undefined || text === '') throw new UsageError(`${written} needs a value`);
    values[name] = checkedValue(`--${name}`, flag, text, values[name]);
  }
  if (operands.length > names.length) throw unexpected(operands[names.length]);
  const missing = names[operands.length];
  if (missing !== undefined && !missing.startsWith('[')) {
    throw new UsageError(`${missing} is missing`);
  }
  return { flags: values as FlagValues<T>, operands, named };
}

/** The help text of a table: one line an option. */
export function describeFlags(table: FlagTable): string {
  const hasLetters = Object.values(table).some((flag) => flag.short !== undefined);
  const entries = Object.entries(table).map(([name, flag]) => {
    const letter = flag.short === undefined ? '    ' : `-${flag.short}, `;
    const long = `${hasLetters ? letter : ''}--${name}`;
    const left = flag.kind === 'switch' ? long : `${long} ${placeholderOf(flag)}`;
    const right = flag.kind === 'number' ? `${flag.about} (default ${flag.default})` : flag.about;
    return [left, right];
  });
  const width = Math.max(...entries.map(([left]) => left.length));
  return entries.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

interface GivenOption {
  readonly name: string;
  /** As it was written, for messages. */
  readonly written: string;
  readonly flag: Flag;
  /** The value, when it stood in the same argument. */
  readonly text: string | undefined;
}

/** Undefined: it is no option. */
function readOption(table: FlagTable, argument: string): GivenOption | undefined {
  if (argument.startsWith('--')) {
    const equals = argument.indexOf('=');
    const name = equals < 0 ? argument.slice(2) : argument.slice(2, equals);
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (flag === undefined) throw new UsageError(unknownOption(name, table));
    const text = equals < 0 ? undefined : argument.slice(equals + 1);
    return { name, written: `--${name}`, flag, text };
  }
  if (!/^-./.test(argument)) return undefined;
  const found = Object.entries(table).find(([, flag]) => flag.short === argument[1]);
  if (found === undefined) throw unexpected(argument);
  const text = argument.length > 2 ? argument.slice(2) : undefined;
  return { name: found[0], written: argument.slice(0, 2), flag: found[1], text };
}

function unexpected(argument: string): UsageError {
  return new UsageError(`unexpected argument '${argument}'`);
}

function defaultsOf(table: FlagTable): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) {
    if (flag.kind === 'number') values[name] = flag.default;
    else if (flag.kind === 'bytes' || flag.kind === 'bitrate') values[name] = 0;
    else if (flag.kind === 'switch') values[name] = false;
    else values[name] = flag.kind === 'list' ? [] : undefined;
  }
  return values;
}

function checkedValue(
  written: string,
  flag: Exclude<Flag, SwitchFlag>,
  text: string,
  before: unknown,
): unknown {
  if (flag.kind === 'text') return text;
  if (flag.kind === 'list') {
    const names = text.split(',').map((item) => item.trim());
    return [...(before as string[]), ...names.filter((item) => item !== '')];
  }
  if (flag.kind === 'choice') {
    if (flag.choices.includes(text)) return text;
    throw new UsageError(`${written} must be one of ${flag.choices.join(', ')}, not '${text}'`);
  }
  if (flag.kind !== 'number') return quantity(written, flag, text);
  const number = /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const kind = flag.integer === true ? 'a whole number' : 'a number';
  const fits = number >= flag.min && number <= flag.max;
  if (fits && (flag.integer !== true || Number.isInteger(number))) return number;
  throw new UsageError(`${written} must be ${kind} from ${flag.min} to ${flag.max}, not '${text}'`);
}

const SUFFIXES = ['', 'K', 'M', 'G', 'T'];

function quantity(written: string, flag: QuantityFlag, text: string): number {
  const base = flag.kind === 'bytes' ? 1024 : 1000;
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/i.exec(text);
  const value =
    match === null
      ? Number.NaN
      : Math.round(Number(match[1]) * base ** SUFFIXES.indexOf(match[2].toUpperCase()));
  if (value >= flag.min && value <= flag.max) return value;
  const unit = flag.kind === 'bytes' ? 'bytes' : 'bits a second';
  throw new UsageError(
    `${written} must be ${unit} from ${flag.min} to ${flag.max}, with K, M, G or T if you like, not '${text}'`,
  );
}

function placeholderOf(flag: Exclude<Flag, SwitchFlag>): string {
  if (flag.kind === 'choice') return 'NAME';
  if (flag.kind === 'number') return 'N';
  return 'placeholder' in flag ? flag.placeholder : 'N[KMG]';
}

function unknownOption(name: string, table: FlagTable): string {
  const meant = nearest(name, Object.keys(table));
  return `unknown option '--${name}'${meant === undefined ? '' : `; did you mean '--${meant}'?`}`;
}
