/**
 * The tables of docs/options.md, and what each of their rows must say of an option: values and default.
 *
 * The last column of the page is free text, and nobody's business here. Invariant: what an option rule knows is taken from
 * the rule; only what it cannot know is said in `SPECIAL`.
 */

import { BIND_OPTIONS } from '../../lib/api/bind-options.js';
import { CONNECT_OPTIONS } from '../../lib/api/connect-options.js';
import { CLOSE_OPTIONS } from '../../lib/api/connection-options.js';
import { ENDPOINT_OPTIONS } from '../../lib/api/endpoint-options.js';
import type { OptionRule, OptionTable } from '../../lib/api/option-table.js';
import { SEND_BATCH_OPTIONS } from '../../lib/api/send-batch.js';
import { GROUP_OPTIONS } from '../../lib/api/shard-group.js';
import { SHARD_OPTIONS } from '../../lib/api/shard-options.js';
import { MESSAGE_OPTIONS, PRIORITY_OPTIONS, STREAM_OPTIONS } from '../../lib/api/stream-options.js';

export interface Row {
  readonly name: string;
  readonly values: string;
  readonly default: string;
}

const endpointOnly = Object.fromEntries(
  Object.entries(ENDPOINT_OPTIONS).filter(([name]) => !(name in BIND_OPTIONS)),
);

/** By the heading under which the page has the table. */
export const TABLES: Readonly<Record<string, OptionTable>> = {
  'bind and Endpoint.bind': BIND_OPTIONS,
  'Endpoint.bind': endpointOnly,
  'ShardGroup.bind': GROUP_OPTIONS,
  shard: SHARD_OPTIONS,
  connect: CONNECT_OPTIONS,
  openStream: STREAM_OPTIONS,
  setPriority: PRIORITY_OPTIONS,
  sendMessage: MESSAGE_OPTIONS,
  'close and destroy': CLOSE_OPTIONS,
  createSendBatch: SEND_BATCH_OPTIONS,
};

/** Defaults that are made elsewhere than in the rule. */
const SPECIAL: Readonly<Record<string, string>> = {
  'bind and Endpoint.bind.address': "`'::'`, else `'0.0.0.0'`",
  'Endpoint.bind.identity': 'a new one',
  'ShardGroup.bind.address': "`'::'`, else `'0.0.0.0'`",
  'ShardGroup.bind.count': 'one a core',
  'shard.index': 'needed',
  'shard.count': 'needed',
  'connect.address': 'needed',
  'connect.port': 'needed',
  'openStream.highWaterMark': '1 MiB to write, 256 KiB to read',
  'setPriority.urgency': 'as it was',
  'setPriority.weight': 'as it was',
  'close and destroy.reason': "`''`",
};

const UNITS = [
  [1 << 30, 'GiB'],
  [1 << 20, 'MiB'],
  [1 << 10, 'KiB'],
] as const;

/** A number with its unit, as people write it. */
function amount(value: number, unit: string | undefined): string {
  if (value === Number.MAX_SAFE_INTEGER) return '2^53 - 1';
  if (unit === 'bytes') {
    for (const [size, name] of UNITS) {
      if (value >= size && value % size === 0) return `${value / size} ${name}`;
    }
  }
  const text = value.toLocaleString('en-US');
  return unit === undefined ? text : `${text} ${unit}`;
}

const bare = (text: string, unit: string | undefined): string =>
  unit !== undefined && text.endsWith(` ${unit}`) ? text.slice(0, -unit.length - 1) : text;

function valuesOf(rule: OptionRule): string {
  switch (rule.kind) {
    case 'boolean':
      return '`true`, `false`';
    case 'integer':
      return `${bare(amount(rule.min, rule.unit), rule.unit)} to ${amount(rule.max, rule.unit)}`;
    case 'text':
      return 'a string that is not empty';
    case 'choice':
      return rule.choices.map((choice) => `\`'${choice}'\``).join(', ');
    case 'signal':
      return 'an AbortSignal';
    case 'bytes':
      return `a Uint8Array of ${rule.byteLength} bytes`;
    case 'checked':
      return rule.expected.replaceAll(/'\w+'/g, '`$&`');
  }
}

function defaultOf(rule: OptionRule): string {
  if (!('default' in rule)) return 'none';
  if (rule.kind === 'integer') return amount(rule.default, rule.unit);
  return rule.kind === 'boolean' ? `\`${rule.default}\`` : `\`'${rule.default}'\``;
}

/** What the page must have under this heading. */
export function rowsOf(heading: string): Row[] {
  return Object.entries(TABLES[heading]).map(([name, rule]) => ({
    name,
    values: valuesOf(rule),
    default: SPECIAL[`${heading}.${name}`] ?? defaultOf(rule),
  }));
}
