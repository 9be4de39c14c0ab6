/**
 * Options by table: one rule each, from which checking, defaults and help are made.
 *
 * It knows no option by name and reads no environment. Called by `bind`, by the send calls and by whatever else
 * takes options.
 *
 * Invariant: each property of the caller's object is read exactly once, and what comes out is frozen and complete.
 */

import { OptionError, show } from './errors.js';
import { nearest } from './nearest.js';

interface RuleText {
  /** What it does, in one line, for messages and help. */
  readonly doc: string;
}

export interface BooleanRule extends RuleText {
  readonly kind: 'boolean';
  readonly default: boolean;
}
export interface IntegerRule extends RuleText {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** 'bytes', 'ms', ...: said in messages. */
  readonly unit?: string;
}
/** A string that is not empty; undefined when left out. */
export interface TextRule extends RuleText {
  readonly kind: 'text';
}
export interface ChoiceRule<C extends string = string> extends RuleText {
  readonly kind: 'choice';
  readonly default: C;
  readonly choices: readonly C[];
}
/** An AbortSignal; undefined when left out. */
export interface SignalRule extends RuleText {
  readonly kind: 'signal';
}

/** A Uint8Array of one length; undefined when left out. Messages never show what was given: it may be a key. */
export interface BytesRule extends RuleText {
  readonly kind: 'bytes';
  readonly byteLength: number;
}

/** Anything that `accepts` accepts; undefined when left out. `expected` says what that is, for messages. */
export interface CheckedRule<T = unknown> extends RuleText {
  readonly kind: 'checked';
  readonly expected: string;
  readonly accepts: (value: unknown) => value is T;
  /** What was given may hold a key: neither message nor error shows it. */
  readonly isSecret?: boolean;
}

export type OptionRule =
  | BooleanRule
  | IntegerRule
  | TextRule
  | ChoiceRule
  | SignalRule
  | BytesRule
  | CheckedRule;
export type OptionTable = Readonly<Record<string, OptionRule>>;

type ValueOf<R extends OptionRule> = R extends BooleanRule
  ? boolean
  : R extends IntegerRule
    ? number
    : R extends ChoiceRule<infer C>
      ? C
      : R extends SignalRule
        ? AbortSignal | undefined
        : R extends BytesRule
          ? Uint8Array | undefined
          : R extends CheckedRule<infer V>
            ? V | undefined
            : string | undefined;

/** The values of a table, defaults filled in. */
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

export interface ParsedOptions<T extends OptionTable> {
  readonly values: OptionValues<T>;
  /** Names that the caller gave a value to. */
  readonly given: ReadonlySet<string>;
}

/**
 * Checks options against a table.
 *
 * @param call who asks, for messages: `bind`
 * @param given the caller's object; undefined means all defaults
 * @throws OptionError ERR_OPTION_UNKNOWN, ERR_OPTION_TYPE, ERR_OPTION_RANGE
 */
export function parseOptions<T extends OptionTable>(
  call: string,
  table: T,
  given: unknown,
): ParsedOptions<T> {
  const names = new Set<string>();
  const values: Record<string, unknown> = {};
  const source = given === undefined ? {} : asObject(call, given);
  for (const name of Object.keys(source)) {
    if (!Object.hasOwn(table, name)) throw unknownOption(call, table, name, source[name]);
  }
  for (const [name, rule] of Object.entries(table)) {
    const value = source[name];
    if (value === undefined) {
      values[name] = 'default' in rule ? rule.default : undefined;
    } else {
      checkValue(call, name, rule, value);
      names.add(name);
      values[name] = value;
    }
  }
  return Object.freeze({ values: Object.freeze(values) as OptionValues<T>, given: names });
}

function asObject(call: string, given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new OptionError(
      'ERR_OPTION_TYPE',
      'options',
      given,
      `${call}: options must be an object, not ${show(given)}`,
    );
  }
  return given as Record<string, unknown>;
}

function unknownOption(
  call: string,
  table: OptionTable,
  name: string,
  value: unknown,
): OptionError {
  const names = Object.keys(table);
  const near = nearest(name, names);
  const hint = near === undefined ? `known are ${names.join(', ')}` : `did you mean '${near}'?`;
  return new OptionError(
    'ERR_OPTION_UNKNOWN',
    name,
    value,
    `${call}: no option ${show(name)} (given ${show(value)}); ${hint}`,
  );
}

function checkValue(call: string, name: string, rule: OptionRule, value: unknown): void {
  switch (rule.kind) {
    case 'boolean':
      if (typeof value !== 'boolean') throw typeError(call, name, 'true or false', value);
      return;
    case 'integer':
      checkInteger(call, name, rule, value);
      return;
    case 'text':
      if (typeof value !== 'string') throw typeError(call, name, 'a string', value);
      if (value === '') throw rangeError(call, name, 'a string that is not empty', value);
      return;
    case 'choice': {
      const expected = `one of ${rule.choices.map((choice) => `'${choice}'`).join(', ')}`;
      if (typeof value !== 'string') throw typeError(call, name, expected, value);
      if (!rule.choices.includes(value)) throw rangeError(call, name, expected, value);
      return;
    }
    case 'bytes':
      checkBytes(call, name, rule, value);
      return;
    case 'checked':
      if (rule.accepts(value)) return;
      throw rule.isSecret
        ? secretError('ERR_OPTION_TYPE', call, name, rule.expected, value)
        : typeError(call, name, rule.expected, value);
    case 'signal':
      if (!isSignal(value)) throw typeError(call, name, 'an AbortSignal', value);
      return;
  }
}

/** By shape, since the signal may come from another realm: all that is ever asked of it must be there. */
function isSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null || !('aborted' in value)) return false;
  const { addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return typeof addEventListener === 'function' && typeof removeEventListener === 'function';
}

function checkInteger(call: string, name: string, rule: IntegerRule, value: unknown): void {
  const unit = rule.unit === undefined ? '' : ` ${rule.unit}`;
  const expected = `an integer from ${rule.min} to ${rule.max}${unit}`;
  if (typeof value !== 'number') throw typeError(call, name, expected, value);
  if (!Number.isInteger(value) || value < rule.min || value > rule.max) {
    throw rangeError(call, name, expected, value);
  }
}

function checkBytes(call: string, name: string, rule: BytesRule, value: unknown): void {
  const expected = `a Uint8Array of ${rule.byteLength} bytes`;
  if (!(value instanceof Uint8Array)) {
    throw secretError('ERR_OPTION_TYPE', call, name, expected, value);
  }
  if (value.byteLength !== rule.byteLength) {
    throw secretError('ERR_OPTION_RANGE', call, name, expected, value);
  }
}

/** Says what kind of thing was given, not what it holds; the error does not hold it either. */
function secretError(
  code: 'ERR_OPTION_TYPE' | 'ERR_OPTION_RANGE',
  call: string,
  name: string,
  expected: string,
  value: unknown,
): OptionError {
  const kind = value === null ? 'null' : KINDS[typeof value];
  const given = value instanceof Uint8Array ? `one of ${value.byteLength} bytes` : kind;
  const message = `${call}: option '${name}' must be ${expected}, not ${given}`;
  return new OptionError(code, name, undefined, message);
}

const KINDS = {
  string: 'a string',
  number: 'a number',
  bigint: 'a bigint',
  boolean: 'a boolean',
  symbol: 'a symbol',
  undefined: 'undefined',
  object: 'another object',
  function: 'a function',
} as const;

function typeError(call: string, name: string, expected: string, value: unknown): OptionError {
  return new OptionError(
    'ERR_OPTION_TYPE',
    name,
    value,
    `${call}: option '${name}' must be ${expected}, not ${show(value)}`,
  );
}

function rangeError(call: string, name: string, expected: string, value: unknown): OptionError {
  return new OptionError(
    'ERR_OPTION_RANGE',
    name,
    value,
    `${call}: option '${name}' must be ${expected}, not ${show(value)}`,
  );
}
