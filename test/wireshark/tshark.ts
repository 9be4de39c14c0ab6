/**
 * tshark with our dissector, as tests call it: datagrams become a capture, and what it shows becomes objects again.
 *
 * It dissects nothing. Invariant: where tshark is missing, `hasTshark` is false and a printed line says what is skipped;
 * nothing else is a reason to skip.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ShownFrame } from '../support/second-decoder.js';

export const hasTshark = spawnSync('tshark', ['--version']).status === 0;
if (!hasTshark)
  console.warn('skipped: no tshark to run the dissector with: apt-get install tshark');

export interface Captured {
  readonly from: 'initiator' | 'responder';
  /** Hexadecimal. */
  readonly bytes: string;
  /** The initiator's; default 40,000. Tells conversations apart. */
  readonly port?: number;
}

export interface ShownPacket {
  readonly sender: string | undefined;
  readonly number: number | undefined;
  readonly phase: number | undefined;
  readonly frames: readonly ShownFrame[];
  /** The session that it resets. */
  readonly reset: string | undefined;
  /** Why it is not shown in full, or what is wrong with a frame. */
  readonly notes: readonly string[];
}

export interface ShownDatagram {
  readonly handshake: Readonly<Record<string, unknown>> | undefined;
  readonly packets: readonly ShownPacket[];
}

type Node = Readonly<Record<string, unknown>>;

const SERVER_PORT = 4433;
const RAW_IP = 101;

/** A capture in the format of libpcap: IPv4 without anything in front of it, no checksums. */
function pcapOf(datagrams: readonly Captured[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(RAW_IP, 20);
  const records = datagrams.map(({ from, bytes, port = 40_000 }, index) => {
    const payload = Buffer.from(bytes, 'hex');
    const isUp = from === 'initiator';
    const record = Buffer.alloc(44);
    record.writeUInt32LE(index, 4);
    record.writeUInt32LE(28 + payload.length, 8);
    record.writeUInt32LE(28 + payload.length, 12);
    record.writeUInt8(0x45, 16);
    record.writeUInt16BE(28 + payload.length, 18);
    record.writeUInt8(64, 24);
    record.writeUInt8(17, 25);
    record.writeUInt32BE(isUp ? 0x0a000001 : 0x0a000002, 28);
    record.writeUInt32BE(isUp ? 0x0a000002 : 0x0a000001, 32);
    record.writeUInt16BE(isUp ? port : SERVER_PORT, 36);
    record.writeUInt16BE(isUp ? SERVER_PORT : port, 38);
    record.writeUInt16BE(8 + payload.length, 40);
    return Buffer.concat([record, payload]);
  });
  return Buffer.concat([head, ...records]);
}

/** Runs tshark on these datagrams with the lines of a key log; what it shows of each. */
export function dissect(
  datagrams: readonly Captured[],
  keyLog: readonly string[],
): ShownDatagram[] {
  const folder = mkdtempSync(join(tmpdir(), 'burstwire-tshark-'));
  try {
    const [capture, keys] = [join(folder, 'capture.pcap'), join(folder, 'keys.log')];
    writeFileSync(capture, pcapOf(datagrams));
    writeFileSync(keys, keyLog.map((line) => `${line}\n`).join(''));
    const script = fileURLToPath(new URL('../../tools/wireshark/burstwire.lua', import.meta.url));
    const { status, stdout, stderr } = spawnSync(
      'tshark',
      [
        ...['-r', capture, '-X', `lua_script:${script}`, '-o', `burstwire.keylog:${keys}`],
        ...['-T', 'json', '--no-duplicate-keys', '-J', 'burstwire'],
      ],
      // No settings of whoever runs the test, nor their plugins.
      { encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, HOME: folder } },
    );
    if (status !== 0 || /Lua/i.test(stderr)) throw new Error(`tshark: ${status} ${stderr}`);
    const packets = JSON.parse(stdout) as { _source: { layers: { burstwire?: Node } } }[];
    return packets.map(({ _source }) => shownOf(_source.layers.burstwire ?? {}));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function shownOf(layer: Node): ShownDatagram {
  const isHandshake = layer['burstwire.handshake.type'] !== undefined;
  return {
    handshake: isHandshake ? layer : undefined,
    packets: listOf(layer['burstwire.packet']).map((packet) => ({
      sender: packet['burstwire.sender'] as string | undefined,
      number: numberOf(packet['burstwire.packet_number']),
      phase: numberOf(packet['burstwire.phase']),
      frames: listOf(packet['burstwire.frame']).map(frameOf),
      reset: packet['burstwire.stateless_reset'] as string | undefined,
      notes: [packet, ...listOf(packet['burstwire.frame'])].flatMap(notesOf),
    })),
  };
}

/** tshark shows one alone, and several as a list. */
function listOf(value: unknown): Node[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]) as Node[];
}

function notesOf(tree: Node): string[] {
  return listOf(tree['_ws.expert']).map((note) => String(note['_ws.expert.message']));
}

const numberOf = (value: unknown): number | undefined =>
  value === undefined ? undefined : Number(value);
const isTrue = (value: unknown): boolean => value === '1' || value === 'True' || value === true;
const hexOf = (value: unknown): string => String(value ?? '').replaceAll(':', '');

/** Fields of numbers, in the order of docs/wire-format.md. */
const NUMBERS = [
  ...['ack.delay', 'ack.ect0', 'ack.ect1', 'ack.ce', 'stream.id', 'error', 'stream.final_size'],
  ...['maximum', 'limit', 'retire_id.sequence', 'new_id.sequence', 'new_id.retire_prior_to'],
  'close.frame_type',
];

/** The frame in the shape of test/decoder/frames.py. */
function frameOf(tree: Node): ShownFrame {
  const of = (name: string): unknown => tree[`burstwire.${name}`];
  const type = Number(of('frame.type'));
  const numbers = NUMBERS.map(of)
    .map(numberOf)
    .filter((value) => value !== undefined);
  if (type === 0x00) return { type, length: Number(of('padding.length')) };
  if (type === 0x02 || type === 0x03) {
    const ranges = [of('ack.range')].flat().map((range) => String(range).split('-').map(Number));
    return { type, numbers, ranges: ranges as [number, number][] };
  }
  if (type >= 0x08 && type <= 0x0f) {
    const place = [...numbers, numberOf(of('stream.offset')) ?? 0];
    const fin = isTrue(of('stream.fin'));
    return { type: 0x08, numbers: place, fin, data: hexOf(of('stream.data')) };
  }
  if (type === 0x18) {
    const data = hexOf(of('new_id.connection_id')) + hexOf(of('new_id.reset_token'));
    return { type, numbers, data };
  }
  if (type === 0x1a || type === 0x1b) return { type, data: hexOf(of('path.data')) };
  if (type === 0x1c || type === 0x1d) {
    const data = Buffer.from(String(of('close.reason') ?? '')).toString('hex');
    return { type, numbers, data };
  }
  if (type === 0x30 || type === 0x31) return { type: 0x30, data: hexOf(of('datagram.data')) };
  return numbers.length === 0 ? { type } : { type, numbers };
}

export interface ShownHandshake {
  readonly type: number;
  /** The static public key in it, hexadecimal, when it was opened. */
  readonly key: string | undefined;
  readonly time: number | undefined;
  /** By id; empty when the payload was not opened. */
  readonly parameters: ReadonlyMap<number, { readonly value: number }>;
}

/** What was shown of a handshake message, with what the key log has opened of it. */
export function handshakeOf(layer: Node): ShownHandshake {
  const fields = flatten(layer);
  const of = (name: string): Node[string] => fields.find(([key]) => key === name)?.[1];
  const key = of('burstwire.handshake.static');
  const parameters = fields
    .filter(([name]) => name === 'burstwire.handshake.parameter')
    .flatMap(([, value]) => listOf(value))
    .map((item) => {
      const [id, value] = ['id', 'value'].map((part) =>
        Number(item[`burstwire.handshake.parameter.${part}`]),
      );
      return [id, { value }] as const;
    });
  return {
    type: Number(of('burstwire.handshake.type')),
    key: key === undefined ? undefined : hexOf(key),
    time: numberOf(of('burstwire.handshake.time')),
    parameters: new Map(parameters),
  };
}

/** All fields of a layer and of the trees in it, by name. */
function flatten(tree: Node): [string, unknown][] {
  return Object.entries(tree).flatMap(([name, value]): [string, unknown][] => {
    const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [[name, value], ...(isTree ? flatten(value as Node) : [])];
  });
}
