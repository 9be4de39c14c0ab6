/** `burstwire perf` refuses impossible options before it opens anything. */

import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../lib/cli/arguments.js';
import { runPerf } from '../../../lib/cli/perf/command.js';

describe('perf', () => {
  it.each([
    [['klient'], "not 'klient'"],
    [['server', '--prot', '1'], "unknown option '--prot'; did you mean '--port'?"],
    [['server', '--port', '70000'], '--port must be a whole number from 0 to 65535'],
    [['server', '--allow', 'abc'], '--allow must be the 64 hexadecimal digits'],
    [['server', '--identity', '/nonexistent'], '--identity: ENOENT'],
    [['client'], 'HOST is missing'],
    [['client', 'a', 'b'], "unexpected argument 'b'"],
    [['client', '127.0.0.1'], '--key is missing'],
    [['client', '127.0.0.1:99999', '--trust', 'any'], 'HOST must be'],
    [['client', 'h', '--trust', 'some'], '--trust must be one of any'],
    [['client', 'h', '--trust', 'any', '--key', 'f'.repeat(64)], 'exclude each other'],
    [['client', 'h', '--key', 'f00'], '64 hexadecimal digits'],
    [['client', 'h', '--trust=any', '-t', '0'], '--time must be a number from 0.1'],
    [['client', 'h', '--trust=any', '-P0'], '--parallel must be a whole number from 1'],
    [['client', 'h', '--trust=any', '-b', '1M'], '--bitrate goes with --datagrams'],
    [['client', 'h', '--trust=any', '-u', '-l', '4'], '--length of datagrams'],
    [['client', 'h', '--trust=any', '-R', '--bidir'], 'exclude each other'],
    [['client', 'h', '--trust=any', '-n', '1Q'], '--bytes must be bytes'],
    [['client', 'h', '--trust=any', '-t', '1', '-n', '4'], '--time and --bytes exclude each other'],
    [['client', 'h', '--trust=any', '-n4', '--time=10'], '--time and --bytes exclude each other'],
    [['client', 'h', '--trust=any', '-x'], "unexpected argument '-x'"],
    [['client', 'h', '--trust=any', '-u', '-P', '2'], '--parallel goes with streams'],
    [['client', 'h', '--trust=any', '-u', '-n', '1M'], '--bytes goes with streams only'],
    [['client', 'h', '--trust=any', '-u', '-b', '10'], '--bitrate is 0 or at least 1000'],
    [['client', 'h', '--trust=any', '--latency', '-R'], '--latency goes both ways'],
    [['client', 'h', '--trust=any', '-P', '128', '--connections', '64'], 'is at most 1024'],
    [['client', 'h', '--trust=any', '--identity', '/dev/null'], 'holds no private key'],
  ])('refuses %j', async (args, part) => {
    const refused = runPerf(args);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(part);
  });
});
