/**
 * A real filter of the kernel (seccomp(2)) that refuses sendmmsg and recvmmsg, as some containers do: the package
 * goes on with one call for each datagram.
 *
 * The filter is set up by python3, which is what building the addon needs anyway; without it the test is left out.
 */

import { spawnSync } from 'node:child_process';
import { endianness } from 'node:os';
import { describe, expect, it } from 'vitest';
import { nativeMissing } from '../conformance/support/variants.js';

/** Numbers of recvmmsg and sendmmsg (asm/unistd.h), and of the architecture (linux/audit.h). */
const NUMBERS: Readonly<Record<string, readonly [number, number]>> = {
  x64: [299, 307],
  arm64: [243, 269],
};
const numbers = NUMBERS[process.arch];

const FILTER = `
import ctypes, os, struct, sys
errno, recvmmsg, sendmmsg = (int(value) for value in sys.argv[1:4])
def instruction(code, yes, no, value):
    return struct.pack('HBBI', code, yes, no, value)
program = b''.join([
    instruction(0x20, 0, 0, 0),            # load the number of the call
    instruction(0x15, 2, 0, recvmmsg),
    instruction(0x15, 1, 0, sendmmsg),
    instruction(0x06, 0, 0, 0x7fff0000),   # allow
    instruction(0x06, 0, 0, 0x00050000 | errno),
])
memory = ctypes.create_string_buffer(program)
filter = ctypes.create_string_buffer(struct.pack('HxxxxxxP', 5, ctypes.addressof(memory)))
libc = ctypes.CDLL(None, use_errno=True)
long = ctypes.c_ulong
if libc.prctl(38, long(1), long(0), long(0), long(0)) != 0: sys.exit(90)
if libc.prctl(22, long(2), filter, long(0), long(0)) != 0: sys.exit(91)
os.execv(sys.argv[4], sys.argv[4:])
`;

const PROGRAM = `
  import { bind, capabilities } from '${new URL('../../dist/udp.js', import.meta.url).href}';
  const { recvmmsg, sendmmsg, reasons } = capabilities();
  console.log(JSON.stringify({ recvmmsg, sendmmsg, reasons: Object.keys(reasons).sort() }));
  const receiver = await bind({ address: '127.0.0.1', engine: 'native', gro: false });
  const sender = await bind({ address: '127.0.0.1', engine: 'native', gso: false });
  let next = 0;
  let misplaced = 0;
  receiver.on('batch', (batch) => {
    for (let index = 0; index < batch.length; index++) {
      if (batch.payload(index)[0] !== next++ % 200) misplaced++;
    }
    if (next < 400) return;
    const { sendCalls, sendFailures } = sender.stats();
    const { receiveErrors } = receiver.stats();
    console.log(JSON.stringify({ next, misplaced, sendFailures, receiveErrors, single: sendCalls >= 400 }));
    sender.close();
    receiver.close();
  });
  const payloads = Array.from({ length: 200 }, (_, number) => new Uint8Array(20).fill(number));
  console.log(sender.sendBatch(payloads, receiver.address));
  console.log(sender.sendBatch(payloads, receiver.address));
`;

function run(errno: number, program: string) {
  const command = [process.execPath, '--input-type=module', '-e', program];
  const filter = ['-c', FILTER, String(errno), ...numbers.map(String), ...command];
  return spawnSync('python3', filter, { encoding: 'utf8', timeout: 15_000 });
}

const missing = ((): string | undefined => {
  if (nativeMissing !== undefined) return nativeMissing;
  if (process.platform !== 'linux' || numbers === undefined || endianness() !== 'LE') {
    return `no filter for ${process.platform}-${process.arch}`;
  }
  if (spawnSync('python3', ['--version']).status !== 0) return 'no python3';
  const { status } = run(1, '');
  return status === 90 || status === 91 ? 'this process may not set a filter' : undefined;
})();
if (missing !== undefined) console.warn(`seccomp: left out: ${missing}`);

describe.skipIf(missing !== undefined)('under a filter', () => {
  it.each([
    ['EPERM', 1],
    ['ENOSYS', 38],
  ])('that refuses sendmmsg and recvmmsg with %s every datagram arrives', (_name, errno) => {
    const { stdout, stderr } = run(errno, PROGRAM);
    const lines = stdout.split('\n').filter((line) => line !== '');
    expect(lines.length, stderr).toBe(4);
    expect(JSON.parse(lines[0])).toMatchObject({
      recvmmsg: false,
      sendmmsg: false,
      reasons: expect.arrayContaining(['recvmmsg', 'sendmmsg']),
    });
    expect(lines.slice(1, 3)).toEqual(['200', '200']);
    expect(JSON.parse(lines[3])).toEqual({
      next: 400,
      misplaced: 0,
      sendFailures: 0,
      receiveErrors: 0,
      single: true,
    });
  });
});
