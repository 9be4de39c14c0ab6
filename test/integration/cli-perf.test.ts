/** `burstwire perf` in real processes over loopback: every kind of test, bad input, and both sides broken off. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PerfResult } from '../../lib/cli/perf/result.js';
import { type CliProcess, CliProcesses } from '../support/cli-process.js';
import { runProgram } from '../support/run-program.js';

const servers = new CliProcesses();
const others = new CliProcesses();
let server: CliProcess;
let host = '';
let key = '';

const SERVER = ['perf', 'server', '-p', '0', '--bind', '127.0.0.1'];
const client = (...args: string[]) => ['perf', 'client', host, '--key', key, ...args];
const run = (args: readonly string[]) => runProgram('dist/cli/main.js', { args });

async function measure(...args: string[]): Promise<PerfResult> {
  const limit = args.includes('-n') ? [] : ['-t', '0.3'];
  const { code, stdout, stderr } = await run(client('--json', ...limit, ...args));
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as PerfResult;
}

beforeAll(async () => {
  server = servers.start(SERVER);
  ({ host, key } = await server.place());
});
afterEach(() => others.endAll());
afterAll(() => servers.endAll());

// Each starts several processes, one after the other.
describe('burstwire perf', { timeout: 60_000 }, () => {
  it('measures streams, prints reports and ends with a table', async () => {
    const { code, stdout, stderr } = await run(client('-t', '0.5', '-i', '0.2', '-P', '2'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^connected to 127\.0\.0\.1:\d+, round trip [\d.]+ ms\nkey [0-9a-f]{64}\n/,
    );
    expect(stdout).toMatch(/\n0\.0-0\.\d s +-> +[\d.]+ \w+ +[\d.]+ \wbit\/s/);
    expect(stdout).toMatch(/\n-> +receiver +[\d.]+ \w+ +[\d.]+ \wbit\/s/);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('moves the same bytes at both ends, in both directions, over several connections', async () => {
    const result = await measure('-n', '1M', '--bidir', '-P', '3', '--connections', '2');
    const { client: ours, remote, ended } = result;
    expect(ended).toBeNull();
    expect([ours.sent?.bytes, ours.received?.bytes]).toEqual([1 << 20, 1 << 20]);
    expect([remote?.sent?.bytes, remote?.received?.bytes]).toEqual([1 << 20, 1 << 20]);
    expect(remote?.received?.lanes).toHaveLength(6);
  });

  it('receives with --reverse', async () => {
    const { client: ours, remote } = await measure('-R', '-i', '0');
    expect(ours.sent).toBeUndefined();
    expect(ours.received?.bytes).toBeGreaterThan(0);
    expect(remote?.sent?.bytes).toBeGreaterThan(0);
  });

  it('sends datagrams at a bitrate and tells loss and jitter', async () => {
    const { client: ours, remote, parameters } = await measure('-u', '-b', '400K', '-l', '500');
    expect(parameters).toMatchObject({ kind: 'datagram', length: 500, bitrate: 400_000 });
    // 100 a second: no more than were due, and a processor that sleeps sends fewer.
    expect(ours.sent?.count).toBeGreaterThan(0);
    expect(ours.sent?.count).toBeLessThanOrEqual(Math.ceil(ours.seconds * 100) + 1);
    expect(remote?.received?.count).toBeLessThanOrEqual(ours.sent?.count ?? 0);
    expect(remote?.received?.jitterUs).toBeGreaterThanOrEqual(0);
  });

  it('tells of each direction what was sent, received and lost', async () => {
    const { directions, client: ours, remote } = await measure('-u', '--bidir', '-b', '400K');
    for (const [direction, from, to] of [
      [directions.toServer, ours, remote],
      [directions.toClient, remote, ours],
    ] as const) {
      expect(direction?.datagramsSent).toBe(from?.sent?.count);
      expect(direction?.datagramsReceived).toBe(to?.received?.count);
      expect(direction?.datagramsReceived).toBeGreaterThan(0);
      expect(direction?.datagramsLost).toBeGreaterThanOrEqual(0);
      expect(direction?.packetsLost).toBe(from?.path.packetsLost);
    }
  });

  it.each([
    ['streams', []],
    ['datagrams', ['-u']],
  ])('tells percentiles of round trips over %s', async (_name, args) => {
    const { latency } = await measure('--latency', '-P', '2', ...args);
    expect(latency?.count).toBeGreaterThan(0);
    expect(latency?.p50).toBeGreaterThan(0);
    expect(latency?.p99).toBeGreaterThanOrEqual(latency?.p50 ?? 0);
    expect(latency?.max).toBeGreaterThanOrEqual(latency?.p999 ?? 0);
  });

  it.each([
    [['perf'], "'server' or 'client' is missing"],
    [['perf', 'client', '127.0.0.1'], '--key is missing'],
  ])('refuses %j with its usage on stderr', async (args, part) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(part);
    expect(stderr).toContain('usage: burstwire perf');
  });

  it.each([
    [['--key', 'ab'.repeat(32)], 'nobody has answered'],
    [['--key', 'KEY', '-u', '-l', '60000', '--connections', '2'], 'the path carries datagrams of'],
  ])('says why it did not measure: %j', async (args, part) => {
    const given = args.map((one) => (one === 'KEY' ? key : one));
    const { code, stdout, stderr } = await run([
      'perf',
      'client',
      host,
      '--timeout',
      '1',
      ...given,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(part);
  });

  it('says that nobody is there, and that there is no such host', async () => {
    const nobody = await run(['perf', 'client', '127.0.0.1:9', '--trust', 'any', '--timeout', '1']);
    expect([nobody.code, nobody.stdout]).toEqual([1, '']);
    expect(nobody.stderr).toContain('nobody has answered at 127.0.0.1:9 within 1 s');
    const lost = await run(['perf', 'client', 'no-such-host.invalid', '--trust', 'any']);
    expect([lost.code, lost.stdout]).toEqual([1, '']);
    expect(lost.stderr).toContain('no-such-host.invalid');
  });

  it('takes one test at a time', async () => {
    const first = others.start(client('-t', '20', '-i', '0.1'));
    await first.says(/0\.0-\d/);
    const second = await run(client('-t', '0.2'));
    expect([second.code, second.stdout]).toEqual([1, '']);
    expect(second.stderr).toContain('the server is busy with another test');
    first.kill('SIGINT');
    expect(await first.ended).toBe(130);
    // What was measured until then is told.
    expect(first.stdout).toMatch(/-> +receiver +[\d.]+ \w+/);
    expect(first.stdout).toContain('It ended early: interrupted.');
    expect(first.stdout).not.toContain('has not said');
    await server.says(/ ended early, the client was interrupted: stream, [\d.]+ s, received \d/);
    await measure();
  });

  it('ends with what it has when the server is killed, or interrupted', async () => {
    for (const [signal, why] of [
      ['SIGKILL', 'the server does not answer any more'],
      ['SIGINT', 'the server was interrupted'],
    ] as const) {
      const server = others.start(SERVER);
      const place = await server.place();
      const args = ['perf', 'client', place.host, '--key', place.key, '--timeout', '1'];
      const measuring = others.start([...args, '-t', '30', '-i', '0.1', '--json']);
      await measuring.says(/0\.0-\d/);
      server.kill(signal);
      expect(await measuring.ended).toBe(1);
      const result = JSON.parse(measuring.stdout) as PerfResult;
      expect(result.ended).toBe(why);
      expect(result.client.sent?.bytes).toBeGreaterThan(0);
      expect(await server.ended).toBe(signal === 'SIGINT' ? 130 : 'SIGKILL');
      if (signal === 'SIGKILL') {
        expect(result.remote).toBeNull();
      } else {
        // Both tell what was measured until then.
        expect(result.remote?.received?.bytes).toBeGreaterThan(0);
        expect(server.stdout).toMatch(/\ninterrupted\n.* ended early, interrupted here: stream, /);
      }
    }
  });

  it('tells what it has measured when the client is killed, and ends with 1 if it was the only test', async () => {
    const server = others.start([...SERVER, '--one-off', '--json']);
    const place = await server.place();
    const args = ['perf', 'client', place.host, '--key', place.key, '--timeout', '1'];
    const measuring = others.start([...args, '-t', '30', '-i', '0.1']);
    await measuring.says(/0\.0-\d/);
    measuring.kill('SIGKILL');
    expect(await server.ended).toBe(1);
    const { ended, result } = JSON.parse(server.stdout);
    expect(ended).toBe('the client does not answer any more');
    expect(result.received.bytes).toBeGreaterThan(0);
  });

  it('says why it cannot listen, and what to do', async () => {
    const taken = ['perf', 'server', '-B', '127.0.0.1', '-p', host.split(':')[1]];
    for (const [args, part] of [
      [taken, 'is taken by another program (bind EADDRINUSE'],
      [[...SERVER, '--bind', '203.0.113.1'], 'no interface here has the address 203.0.113.1'],
    ] as const) {
      const { code, stdout, stderr } = await run(args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(part);
    }
  });

  it('lets only those in that --allow names, and ends after one test with --one-off', async () => {
    const server = others.start([...SERVER, '--allow', 'cd'.repeat(32), '--one-off']);
    const place = await server.place();
    const args = ['perf', 'client', place.host, '--key', place.key, '--timeout', '1', '-t', '0.2'];
    const stranger = await run(args);
    expect([stranger.code, stranger.stdout]).toEqual([1, '']);
    const once = others.start([...SERVER, '-1', '-J']);
    const there = await once.place();
    const { code } = await run(['perf', 'client', there.host, '--key', there.key, '-t', '0.2']);
    expect([code, await once.ended]).toEqual([0, 0]);
    const said = JSON.parse(once.stdout);
    expect(said.result.received.bytes).toBeGreaterThan(0);
  });
});
