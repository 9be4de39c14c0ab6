/**
 * Four workers behind one port, each killed and replaced under load while clients change their ports: the connections of the
 * others lose nothing, those of the dead learn it, and all stay where they are. In worker threads and in a cluster. And the
 * example.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { capabilities } from '../../lib/udp.js';
import { root, runProgram } from '../support/run-program.js';

describe.runIf(capabilities().steering)('four shards', () => {
  it.concurrent.each(['threads', 'processes'])(
    'in %s survive each other',
    async (mode) => {
      const args = [mode];
      const program = 'test/integration/shards/main.mjs';
      const { stdout, stderr, code } = await runProgram(program, { args, limitMs: 170_000 });
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const seen = JSON.parse(stdout) as {
        readonly rounds: readonly object[];
        readonly workers: readonly { readonly droppedMisdirected: number }[];
      };
      const round = { goesOnWithout: true, goesOnMoved: true, origin: 'reset', othersClosed: 0 };
      expect(seen.rounds).toEqual([0, 1, 2, 3].map((shard) => ({ ...round, shard, wrong: [] })));
      expect(seen.workers.map((worker) => worker.droppedMisdirected)).toEqual([0, 0, 0, 0]);
    },
    180_000,
  );
});

it('the example serves its clients, shows where they are, and ends when it is told to', async () => {
  const server = spawn(process.execPath, ['examples/sharded-server.mjs', '0', '2'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  let shown = '';
  const gone = once(server, 'exit');
  const place = await new Promise<string[]>((resolve) => {
    server.stdout.on('data', (bytes) => {
      shown += bytes;
      const found = /port (\d+), \d+ workers, public key ([0-9a-f]{64})/.exec(shown);
      if (found !== null) resolve(found.slice(1));
    });
  });
  const clients = await runProgram('examples/sharded-client.mjs', { args: [...place, '3'] });
  expect(clients.stderr).toBe('');
  expect(clients.stdout.split('\n').sort()).toEqual([
    '',
    'hello from client 1',
    'hello from client 2',
    'hello from client 3',
  ]);
  server.kill('SIGINT');
  expect(await gone).toEqual([0, null]);
  const sums = [...shown.matchAll(/^connections by worker: ([\d ]+)$/gm)].map(([, counts]) =>
    counts.split(' ').reduce((sum, count) => sum + Number(count), 0),
  );
  expect(sums).toContain(3);
}, 60_000);
