/**
 * The options of `createSocket`, checked as node:dgram checks them.
 *
 * Called by `socket` and `fallback`. Invariant: each option is read once, in node:dgram's order, before anything is opened.
 */

import dns from 'node:dns';
import { BlockList } from 'node:net';
import { checkUint32 } from './arguments.js';
import { badType, wrongArgument } from './errors.js';

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string,
  family: number,
) => void;
export type Lookup = (hostname: string, family: number, callback: LookupCallback) => void;

export interface DgramConfig {
  readonly type: 'udp4' | 'udp6';
  readonly lookup: Lookup;
  readonly reuseAddr: boolean;
  readonly reusePort: boolean;
  readonly ipv6Only: boolean;
  /** 0: the system's. */
  readonly recvBufferSize: number;
  readonly sendBufferSize: number;
  readonly signal: AbortSignal | undefined;
  readonly receiveBlockList: BlockList | undefined;
  readonly sendBlockList: BlockList | undefined;
}

type Given = Readonly<Record<string, unknown>>;

export function readOptions(given: unknown): DgramConfig {
  const options: Given = given !== null && typeof given === 'object' ? (given as Given) : {};
  const type: unknown = given !== null && typeof given === 'object' ? options['type'] : given;
  const lookup = options['lookup'];
  const recvBufferSize = readSize(options, 'recvBufferSize');
  const sendBufferSize = readSize(options, 'sendBufferSize');
  const receiveBlockList = readBlockList(options, 'receiveBlockList');
  const sendBlockList = readBlockList(options, 'sendBlockList');
  if (lookup !== undefined && typeof lookup !== 'function') {
    throw wrongArgument('lookup', 'of type function', lookup);
  }
  if (type !== 'udp4' && type !== 'udp6') throw badType();
  return {
    type,
    // What dns.lookup is now: applications replace it.
    lookup: (lookup as Lookup | undefined) ?? (dns.lookup as unknown as Lookup),
    reuseAddr: Boolean(options['reuseAddr']),
    reusePort: Boolean(options['reusePort']),
    ipv6Only: Boolean(options['ipv6Only']),
    recvBufferSize,
    sendBufferSize,
    signal: readSignal(options['signal']),
    receiveBlockList,
    sendBlockList,
  };
}

function readSize(options: Given, name: string): number {
  const value = options[name];
  if (!value) return 0;
  checkUint32(value, `options.${name}`);
  return value;
}

function readBlockList(options: Given, name: string): BlockList | undefined {
  const value = options[name];
  if (!value) return undefined;
  if (value instanceof BlockList) return value;
  throw wrongArgument(`options.${name}`, 'an instance of net.BlockList', value);
}

function readSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (value !== null && typeof value === 'object' && 'aborted' in value) {
    return value as AbortSignal;
  }
  throw wrongArgument('options.signal', 'an instance of AbortSignal', value);
}
