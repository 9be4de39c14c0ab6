/**
 * Handshake messages as bytes: build and parse, nothing else. Layouts: docs/handshake.md.
 *
 * No keys, no state, no decision. Parsers return views that borrow from the message, or undefined when the parts do
 * not add up. Called by the prefilter and by both machines.
 *
 * Invariant: a parser reads inside the message whatever its bytes are.
 */

import { concat, isZero, readUint16, readUint32, writeUint16, writeUint32 } from './bytes.js';
import {
  CONNECTION_ID_BYTES,
  DESTINATION_OFFSET,
  HEADER_BYTES,
  INITIATION_BYTES,
  LABEL_PROLOGUE,
  MAC_BYTES,
  MACS_BYTES,
  PARAMETERS_BYTES_MAX,
  SOURCE_OFFSET,
  SUITES_MAX,
  TOKEN_BYTES_MAX,
  TYPE_INITIATION,
  VERSION_OFFSET,
  VERSIONS_MAX,
} from './protocol.js';

export interface Initiation {
  readonly version: number;
  readonly sourceId: Uint8Array;
  readonly pattern: number;
  readonly suite: number;
  /** What the initiator speaks, what it likes best first. */
  readonly versions: readonly number[];
  readonly suites: readonly number[];
  readonly token: Uint8Array;
  /** Everything in front of the Noise message. */
  readonly head: Uint8Array;
  readonly noise: Uint8Array;
}

export interface InitiationHead {
  readonly version: number;
  readonly sourceId: Uint8Array;
  readonly pattern: number;
  readonly suite: number;
  readonly versions: readonly number[];
  readonly suites: readonly number[];
  readonly token: Uint8Array;
}

export interface VersionList {
  readonly versions: readonly number[];
  readonly suites: readonly number[];
}

export function versionOf(message: Uint8Array): number {
  return readUint32(message, VERSION_OFFSET);
}

/** Whose handshake it is for. Borrows. */
export function destinationOf(message: Uint8Array): Uint8Array {
  return message.subarray(DESTINATION_OFFSET, DESTINATION_OFFSET + CONNECTION_ID_BYTES);
}

export function sourceOf(message: Uint8Array): Uint8Array {
  return message.subarray(SOURCE_OFFSET, SOURCE_OFFSET + CONNECTION_ID_BYTES);
}

/** The 16 bytes behind which only mac2 follows. Borrows. */
export function mac1Of(initiation: Uint8Array): Uint8Array {
  const start = initiation.length - MACS_BYTES;
  return initiation.subarray(start, start + MAC_BYTES);
}

export function mac2Of(initiation: Uint8Array): Uint8Array {
  return initiation.subarray(initiation.length - MAC_BYTES);
}

/** What the hash of the handshake starts with: it binds all that is in clear in front of the first Noise message. */
export function prologueOf(head: Uint8Array): Uint8Array {
  return concat(LABEL_PROLOGUE, head);
}

/** The 21 bytes that all messages begin with. */
export function header(
  type: number,
  version: number,
  destination: Uint8Array | undefined,
  source: Uint8Array | undefined,
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes[0] = type;
  writeUint32(bytes, VERSION_OFFSET, version);
  if (destination) bytes.set(destination, DESTINATION_OFFSET);
  if (source) bytes.set(source, SOURCE_OFFSET);
  return bytes;
}

function versionsAndSuites(versions: readonly number[], suites: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 + 4 * versions.length + suites.length);
  bytes[0] = versions.length;
  versions.forEach((version, index) => {
    writeUint32(bytes, 1 + 4 * index, version);
  });
  const suitesOffset = 1 + 4 * versions.length;
  bytes[suitesOffset] = suites.length;
  bytes.set(suites, suitesOffset + 1);
  return bytes;
}

export function encodeInitiationHead(head: InitiationHead): Uint8Array {
  return concat(
    header(TYPE_INITIATION, head.version, undefined, head.sourceId),
    Uint8Array.of(head.pattern, head.suite),
    versionsAndSuites(head.versions, head.suites),
    Uint8Array.of(head.token.length),
    head.token,
  );
}

export function encodeVersionList(
  versions: readonly number[],
  suites: readonly number[],
): Uint8Array {
  return versionsAndSuites(versions, suites);
}

/** Reads the two lists; `end` is where the last byte of them may be. */
function readLists(
  bytes: Uint8Array,
  start: number,
  end: number,
): (VersionList & { readonly next: number }) | undefined {
  if (start >= end) return undefined;
  const versionCount = bytes[start];
  const suitesOffset = start + 1 + 4 * versionCount;
  if (versionCount < 1 || versionCount > VERSIONS_MAX || suitesOffset >= end) return undefined;
  const suiteCount = bytes[suitesOffset];
  const next = suitesOffset + 1 + suiteCount;
  if (suiteCount < 1 || suiteCount > SUITES_MAX || next > end) return undefined;
  const versions: number[] = [];
  for (let offset = start + 1; offset < suitesOffset; offset += 4) {
    const version = readUint32(bytes, offset);
    if (versions.includes(version)) return undefined;
    versions.push(version);
  }
  const suites = [...bytes.subarray(suitesOffset + 1, next)];
  if (new Set(suites).size !== suites.length) return undefined;
  return { versions, suites, next };
}

/** An initiation of version 1. Its macs are not looked at. */
export function parseInitiation(message: Uint8Array): Initiation | undefined {
  if (message.length !== INITIATION_BYTES) return undefined;
  const end = message.length - MACS_BYTES;
  const sourceId = sourceOf(message);
  if (!isZero(destinationOf(message)) || isZero(sourceId)) return undefined;
  const lists = readLists(message, HEADER_BYTES + 2, end);
  if (lists === undefined || lists.next >= end) return undefined;
  const version = versionOf(message);
  const suite = message[HEADER_BYTES + 1];
  if (!lists.versions.includes(version) || !lists.suites.includes(suite)) return undefined;
  const tokenOffset = lists.next + 1;
  const noiseOffset = tokenOffset + message[lists.next];
  if (message[lists.next] > TOKEN_BYTES_MAX || noiseOffset >= end) return undefined;
  return {
    version,
    sourceId,
    pattern: message[HEADER_BYTES],
    suite,
    versions: lists.versions,
    suites: lists.suites,
    token: message.subarray(tokenOffset, noiseOffset),
    head: message.subarray(0, noiseOffset),
    noise: message.subarray(noiseOffset, end),
  };
}

/** The body of a version list, in front of its MAC. */
export function parseVersionList(message: Uint8Array): VersionList | undefined {
  const end = message.length - MAC_BYTES;
  const lists = readLists(message, HEADER_BYTES, end);
  return lists !== undefined && lists.next === end ? lists : undefined;
}

/** `prefix`, the length of the parameters, the parameters, zeros up to `length`. */
export function encodePayload(
  prefix: Uint8Array,
  parameters: Uint8Array,
  length = prefix.length + 2 + parameters.length,
): Uint8Array {
  const payload = new Uint8Array(length);
  payload.set(prefix);
  writeUint16(payload, prefix.length, parameters.length);
  payload.set(parameters, prefix.length + 2);
  return payload;
}

/** The parameters behind `prefixBytes`; undefined when length or padding are not what they must be. Copies. */
export function parametersOf(payload: Uint8Array, prefixBytes: number): Uint8Array | undefined {
  const start = prefixBytes + 2;
  if (payload.length < start) return undefined;
  const length = readUint16(payload, prefixBytes);
  if (length > PARAMETERS_BYTES_MAX || start + length > payload.length) return undefined;
  if (!isZero(payload, start + length)) return undefined;
  return payload.slice(start, start + length);
}
