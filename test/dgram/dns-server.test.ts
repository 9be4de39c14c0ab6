/** A server on `burstwire/dgram` that somebody else's client asks: Debian's dnsperf. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const EXAMPLE = fileURLToPath(new URL('../../examples/dns-server.mjs', import.meta.url));
const DNSPERF = spawnSync('dnsperf', ['-h']).error === undefined;

const WHY_NOT = DNSPERF ? '' : ' (there is no dnsperf here: apt-get install dnsperf)';

test.skipIf(!DNSPERF).each(['native', 'dgram'])(
  `dnsperf gets an answer to each of its queries, on %s${WHY_NOT}`,
  async (engine) => {
    const folder = mkdtempSync(join(tmpdir(), 'burstwire-dns-'));
    const env = { ...process.env, BURSTWIRE_ENGINE: engine };
    const server = spawn(process.execPath, [EXAMPLE, '0'], { env });
    try {
      const [line] = (await once(server.stdout, 'data')) as [Buffer];
      const port = /:(\d+)/.exec(String(line))?.[1] ?? '';
      const queries = join(folder, 'queries');
      const names = Array.from({ length: 50 }, (_, i) => `host${i}.example.test A`);
      writeFileSync(queries, [...names, 'elsewhere.test A', 'www.example.test AAAA'].join('\n'));
      // 10 passes over the file, 20 queries at once.
      const args = [
        '-s',
        '127.0.0.1',
        '-p',
        port,
        '-d',
        queries,
        '-n',
        '10',
        '-q',
        '20',
        '-t',
        '5',
      ];
      const client = spawn('dnsperf', args);
      let said = '';
      client.stdout.on('data', (bytes) => {
        said += bytes;
      });
      await once(client, 'close');
      expect(said).toMatch(/Queries sent: +520\n/);
      expect(said).toMatch(/Queries completed: +520 \(100\.00%\)/);
      expect(said).toMatch(/NOERROR 510 .*NXDOMAIN 10 /);
    } finally {
      server.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
