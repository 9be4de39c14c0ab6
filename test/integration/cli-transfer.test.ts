/**
 * `burstwire send` and `receive` in real processes over loopback: what arrives, what is refused, and what is left when
 * one side goes in the middle. Names that no sender of ours would use are offered by an endpoint of the test.
 */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTicket } from '../../lib/cli/remote/keys.js';
import { Lines } from '../../lib/cli/remote/lines.js';
import { Endpoint } from '../../lib/index.js';
import { CliProcesses } from '../support/cli-process.js';
import { runProgram } from '../support/run-program.js';

const base = mkdtempSync(join(tmpdir(), 'burstwire-transfer-'));
const processes = new CliProcesses();
const bytes = randomBytes(3_000_000);
const file = join(base, 'data.bin');
let inbox = '';
let count = 0;

writeFileSync(file, bytes);

beforeEach(() => {
  inbox = join(base, `in${count++}`);
  mkdirSync(inbox);
});
afterEach(() => processes.endAll());
afterAll(() => rmSync(base, { recursive: true, force: true }));

const receive = (...args: string[]) =>
  processes.start(['receive', inbox, '-p', '0', '--bind', '127.0.0.1', ...args]);
const send = (args: readonly string[]) =>
  runProgram('dist/cli/main.js', { args: ['send', ...args] });
const arrived = (name = 'data.bin') => readFileSync(join(inbox, name));

// Each starts several processes, one after the other.
describe('burstwire send and receive', { timeout: 60_000 }, () => {
  it('brings a file over, and checks it', async () => {
    const receiver = receive();
    const { host, key } = await receiver.place();
    const { code, stdout } = await send([file, host, '--key', key]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sent 2\.86 MiB; SHA-256 is the same there: [0-9a-f]{64}\n$/);
    expect(await receiver.ended).toBe(0);
    expect(receiver.stdout).toContain(`received ${join(inbox, 'data.bin')}: 2.86 MiB; SHA-256 `);
    expect(arrived().equals(bytes)).toBe(true);
    expect(readdirSync(inbox)).toEqual(['data.bin']);
  });

  it('brings an empty file over into a folder that it makes, and stays with --keep', async () => {
    rmSync(inbox, { recursive: true });
    const receiver = receive('--keep');
    const { host, key } = await receiver.place();
    const empty = join(base, 'empty');
    writeFileSync(empty, '');
    const [address, port] = host.split(':');
    expect((await send([empty, address, '-p', port, '--key', key])).code).toBe(0);
    expect((await send([file, host, '--key', key])).code).toBe(0);
    expect([arrived('empty').length, arrived().equals(bytes)]).toEqual([0, true]);
    receiver.kill('SIGINT');
    expect(await receiver.ended).toBe(130);
  });

  it('goes on where a killed sender has stopped', async () => {
    const receiver = receive('--timeout', '1');
    const { host, key } = await receiver.place();
    const sender = processes.start(['send', file, host, '--key', key, '-b', '4M']);
    await untilPart(200_000);
    sender.kill('SIGKILL');
    await receiver.says(/broken off: .*nothing came for the idle timeout/);
    const there = statSync(join(inbox, 'data.bin.part')).size;
    expect(existsSync(join(inbox, 'data.bin'))).toBe(false);
    const { code, stdout } = await send([file, host, '--key', key]);
    expect([code, await receiver.ended]).toEqual([0, 0]);
    expect(stdout).toMatch(/of which \d+ KiB were there already/);
    expect(there).toBeLessThan(bytes.length);
    expect(arrived().equals(bytes)).toBe(true);
  });

  it('does not bring over a file that changes in a part that was sent already', async () => {
    const changing = join(base, 'changing.bin');
    // Much more than the sender reads ahead: what changes once all is read is no matter.
    writeFileSync(changing, Buffer.concat(Array.from({ length: 6 }, () => bytes)));
    const receiver = receive();
    const { host, key } = await receiver.place();
    const sender = processes.start(['send', changing, host, '--key', key, '-b', '32M']);
    await untilPart(100_000, 'changing.bin.part');
    const descriptor = openSync(changing, 'r+');
    writeSync(descriptor, 'X', 0);
    closeSync(descriptor);
    expect([await sender.ended, sender.stdout]).toEqual([1, '']);
    expect(sender.stderr).toContain(`${changing} was changed while it was sent`);
    await receiver.says(/broken off: .*was changed while it was sent/);
    expect(readdirSync(inbox)).toEqual(['changing.bin.part']);
  });

  it('says so when the receiver is killed in the middle, and when it is interrupted', async () => {
    for (const [signal, why] of [
      ['SIGKILL', 'it did not arrive: the connection is over: nothing came for the idle timeout'],
      ['SIGINT', 'it did not arrive: '],
    ] as const) {
      const receiver = receive('--force');
      const { host, key } = await receiver.place();
      const sender = processes.start([
        'send',
        file,
        host,
        '--key',
        key,
        '-b',
        '4M',
        '--timeout',
        '1',
      ]);
      await untilPart(100_000);
      receiver.kill(signal);
      expect(await sender.ended).toBe(1);
      expect(sender.stderr).toContain(why);
      expect(sender.stdout).toBe('');
      expect(await receiver.ended).toBe(signal === 'SIGINT' ? 130 : 'SIGKILL');
      rmSync(join(inbox, 'data.bin.part'));
    }
  });

  it('ends with 130 when the sender is interrupted, and keeps what has arrived', async () => {
    const receiver = receive();
    const { host, key } = await receiver.place();
    const sender = processes.start(['send', file, host, '--key', key, '-b', '4M']);
    await untilPart(100_000);
    sender.kill('SIGINT');
    expect([await sender.ended, sender.stdout]).toEqual([130, '']);
    await receiver.says(/broken off: .* code 130: the sender gave up/);
    expect(statSync(join(inbox, 'data.bin.part')).size).toBeGreaterThanOrEqual(100_000);
  });

  it('does not go on with a part of another file, unless --force', async () => {
    writeFileSync(join(inbox, 'data.bin.part'), 'something else');
    const receiver = receive();
    const place = await receiver.place();
    const refused = await send([file, place.host, '--key', place.key]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('of an earlier try (14 B) is not the beginning of this file');
    expect(arrived('data.bin.part').toString()).toBe('something else');
    const forced = receive('--force');
    const { host, key } = await forced.place();
    expect((await send([file, host, '--key', key])).code).toBe(0);
    expect(arrived().equals(bytes)).toBe(true);
  });

  it('never replaces a file, unless --force; never follows a link', async () => {
    const outside = join(base, 'outside');
    writeFileSync(outside, 'precious');
    symlinkSync(outside, join(inbox, 'data.bin'));
    const receiver = receive();
    const place = await receiver.place();
    const refused = await send([file, place.host, '--key', place.key]);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('data.bin exists there');
    rmSync(join(inbox, 'data.bin'));
    symlinkSync(outside, join(inbox, 'data.bin.part'));
    const again = await send([file, place.host, '--key', place.key]);
    expect(again.stderr).toContain('its .part there is a link');
    rmSync(join(inbox, 'data.bin.part'));
    symlinkSync(outside, join(inbox, 'data.bin'));
    const forced = receive('--force');
    const { host, key } = await forced.place();
    expect((await send([file, host, '--key', key])).code).toBe(0);
    expect(arrived().equals(bytes)).toBe(true);
    expect(readFileSync(outside, 'utf8')).toBe('precious');
  });

  it('writes nothing outside its folder, whatever a sender offers', async () => {
    const { host, key } = await receive().place();
    const ticket = parseTicket('--key', key);
    const endpoint = await Endpoint.bind({ preSharedKey: ticket.preSharedKey });
    const offer = async (said: Record<string, unknown>): Promise<unknown> => {
      const [address, port] = host.split(':');
      const connection = await endpoint.connect({
        address,
        port: Number(port),
        publicKey: ticket.publicKey,
      });
      const stream = connection.openStream();
      stream.on('error', () => {});
      const lines = new Lines(stream);
      lines.say(said);
      const answer = await lines.next().catch(() => undefined);
      await connection.close();
      return answer;
    };
    for (const name of ['../escaped', '/tmp/escaped', '..', 'a\u0000b', 'x.part', 5]) {
      const answer = await offer({ burstwireFile: 1, name, size: 3 });
      expect([name, answer]).toEqual([name, { refused: expect.any(String) }]);
    }
    // What is no offer gets no answer.
    expect(await offer({ burstwireFile: 1, name: 'x', size: -1 })).toBeUndefined();
    expect(await offer({ burstwireFile: 1, name: 'x', size: '3' })).toBeUndefined();
    await endpoint.close();
    expect(readdirSync(inbox)).toEqual([]);
    expect(existsSync(join(base, 'escaped'))).toBe(false);
  });

  it('lets nobody in who does not know the secret', async () => {
    const { host, key } = await receive().place();
    const [publicKey] = key.split('-');
    for (const trust of [
      ['--key', publicKey],
      ['--trust', 'any'],
    ]) {
      const { code, stderr } = await send([file, host, ...trust, '--timeout', '1']);
      expect([trust, code]).toEqual([trust, 1]);
      expect(stderr).toContain('nobody has answered');
    }
    expect(readdirSync(inbox)).toEqual([]);
  });

  it('lets in whom --allow lists, and nobody else', async () => {
    const mine = join(base, 'mine.key');
    const made = await runProgram('dist/cli/main.js', { args: ['keygen', '--out', mine] });
    const [, listed] = /public key: +([0-9a-f]{64})/.exec(made.stdout) ?? [];
    const receiver = receive('--allow', listed);
    const { host, key } = await receiver.place();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    const stranger = await send([file, host, '--key', key, '--timeout', '1']);
    expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('--allow there')]);
    expect((await send([file, host, '--key', key, '--identity', mine])).code).toBe(0);
    expect([await receiver.ended, arrived().equals(bytes)]).toEqual([0, true]);
  });

  it('takes files of anybody with --trust any', async () => {
    const receiver = receive('--trust', 'any');
    const { host } = await receiver.place();
    expect((await send([file, host, '--trust', 'any'])).code).toBe(0);
    expect([await receiver.ended, arrived().equals(bytes)]).toEqual([0, true]);
  });

  it('says what is wrong with the file before it connects', async () => {
    const missing = await send(['/nonexistent', '127.0.0.1:9', '--trust', 'any']);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('ENOENT')]);
    const folder = await send([base, '127.0.0.1:9', '--trust', 'any']);
    expect([folder.code, folder.stderr]).toEqual([1, expect.stringContaining('no ordinary file')]);
  });

  it.each([
    [['send'], 'FILE is missing'],
    [['send', 'x'], 'HOST is missing'],
    [['receive', '/nonexistent/inbox'], 'DIR: ENOENT'],
    [['receive', '--allow', 'f'.repeat(64), '--trust', 'any'], 'exclude each other'],
  ])('refuses %j with its usage on stderr', async (args, part) => {
    const { code, stdout, stderr } = await runProgram('dist/cli/main.js', { args });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(part);
    expect(stderr).toContain(`usage: burstwire ${args[0]}`);
  });

  it('refuses what does not fit on the disk, and keeps what came when it fills up', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root can make a small disk');
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', inbox], { stdio: 'pipe' });
    } catch (error) {
      context.skip(`no small disk here: ${(error as Error).message}`);
    }
    try {
      const receiver = receive('--keep');
      const { host, key } = await receiver.place();
      const large = await send([file, host, '--key', key]);
      expect([large.code, large.stderr]).toEqual([
        1,
        expect.stringContaining('no space there: it needs 2.86 MiB'),
      ]);
      const small = join(base, 'small.bin');
      writeFileSync(small, bytes.subarray(0, 1_500_000));
      const sender = processes.start(['send', small, host, '--key', key, '-b', '4M']);
      await untilPart(100_000, 'small.bin.part');
      writeFileSync(join(inbox, 'ballast'), randomBytes(1_200_000));
      expect(await sender.ended).toBe(1);
      expect(sender.stderr).toContain('the receiver does not take it: no space left there');
      const part = arrived('small.bin.part');
      expect(part.equals(bytes.subarray(0, part.length))).toBe(true);
      rmSync(join(inbox, 'ballast'));
      expect((await send([small, host, '--key', key])).code).toBe(0);
      expect(arrived('small.bin').equals(bytes.subarray(0, 1_500_000))).toBe(true);
      receiver.kill('SIGTERM');
      await receiver.ended;
    } finally {
      execFileSync('umount', [inbox]);
    }
  });
});

/** Until so much of it has arrived. */
async function untilPart(size: number, name = 'data.bin.part'): Promise<void> {
  const path = join(inbox, name);
  const deadline = performance.now() + 15_000;
  while (!existsSync(path) || statSync(path).size < size) {
    if (performance.now() > deadline) throw new Error(`${path} does not grow`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
