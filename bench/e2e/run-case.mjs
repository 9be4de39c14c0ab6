// Runs one case: a server process and a client process, until the server has reported its window.
//
// Every process that is started is ended here, by its id. Called by bulk.mjs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LIMIT_MS = 20_000;
const CEILING = fileURLToPath(new URL('../../build/cmake/secure_ceiling', import.meta.url));

/** -> { bytes, seconds, cpuUs, ... } or { error }. */
export async function runCase({ role, env = {} }, seconds) {
  const environment = { ...process.env, BENCH_SECONDS: String(seconds), ...env };
  const children = [];
  const start = (command, args) => {
    const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    children.push(child);
    child.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.errors = '';
    child.stderr.on('data', (bytes) => {
      child.errors += bytes;
      if (process.env.BENCH_STATS) process.stderr.write(bytes);
    });
    child.on('error', () => {});
    return child;
  };
  const timer = setTimeout(() => {
    for (const child of children) child.kill('SIGKILL');
  }, LIMIT_MS);
  try {
    return role === 'ceiling'
      ? await runCeiling(start, seconds)
      : await runRole(start, fileURLToPath(new URL(`roles/${role}.mjs`, import.meta.url)));
  } catch (error) {
    const last = children.map((child) => child.errors.trim().split('\n').at(-1)).filter(Boolean);
    return { error: [error.message, ...last].join('; ') };
  } finally {
    clearTimeout(timer);
    for (const child of children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    }
  }
}

async function runRole(start, file) {
  const server = start(process.execPath, [file, 'server']);
  const info = await nextLine(server);
  const client = start(process.execPath, [file, 'client', JSON.stringify(info)]);
  if (info.wantsClient) {
    server.stdin.write(`${JSON.stringify(await nextLine(client))}\n`);
    await nextLine(server);
    client.stdin.write('go\n');
  }
  return nextLine(server);
}

async function runCeiling(start, seconds) {
  if (!existsSync(CEILING)) throw new Error('not built: see bench/README.md');
  const window = ['--warmup', '0.5', '--seconds', String(seconds)];
  const server = start(CEILING, ['recv', '--mode', 'open', ...window]);
  const { ports } = await nextLine(server);
  const client = start(CEILING, ['send', '--mode', 'seal', '--ports', String(ports[0]), ...window]);
  await nextLine(client);
  server.stdin.end();
  const { payloadBytes, bytes = payloadBytes, ...rest } = await nextLine(server);
  return { bytes: payloadBytes ?? bytes, ...rest };
}

async function nextLine(child) {
  const { value, done } = await child.lines.next();
  if (done) throw new Error('ended without a result');
  return JSON.parse(value);
}
