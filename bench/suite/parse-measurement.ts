/**
 * What a case has printed, as a measurement, or a sentence that says why it is none. Pure.
 *
 * Called by run-case.ts with everything on standard output. Invariant: what comes out has only metrics that are known,
 * each a finite number, the primary one among them.
 */

import { METRIC_NAMES } from './metrics.js';
import type { Measurement, MetricName } from './types.js';

export type Outcome = { readonly measurement: Measurement } | Failure;

export interface Failure {
  readonly failure: string;
  /** The case said so itself. */
  readonly told?: true;
}

const SHOWN_CHARACTERS = 60;
const OTHER_FIELDS = new Set(['latencyCurve', 'note', 'error']);

export function parseMeasurement(stdout: string, primary: MetricName): Outcome {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (line === '') return { failure: 'printed nothing' };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { failure: `printed no JSON last, but '${line.slice(0, SHOWN_CHARACTERS)}'` };
  }
  const told = (value as { error?: unknown } | null)?.error;
  if (typeof told === 'string') return { failure: told, told: true };
  const wrong = findWrong(value, primary);
  return wrong === undefined ? { measurement: value as Measurement } : { failure: wrong };
}

function findWrong(value: unknown, primary: MetricName): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `printed ${JSON.stringify(value).slice(0, SHOWN_CHARACTERS)} instead of an object`;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const [name, content] of Object.entries(fields)) {
    if (OTHER_FIELDS.has(name)) continue;
    if (!(METRIC_NAMES as readonly string[]).includes(name)) return `printed '${name}', no metric`;
    if (typeof content !== 'number' || !Number.isFinite(content)) {
      return `printed ${JSON.stringify(content)} for ${name}`;
    }
  }
  if (fields['note'] !== undefined && typeof fields['note'] !== 'string')
    return 'printed a note that is no text';
  if (!isCurve(fields['latencyCurve'])) return 'printed a latency curve that is none';
  return fields[primary] === undefined ? `printed no ${primary}` : undefined;
}

function isCurve(curve: unknown): boolean {
  if (curve === undefined) return true;
  return Array.isArray(curve) && curve.every(isPoint);
}

function isPoint(point: unknown): boolean {
  return Array.isArray(point) && point.length === 2 && point.every((part) => Number.isFinite(part));
}
