/** What the benchmark reads from other programs and from the kernel, and how it shows its progress. */

import { describe, expect, it } from 'vitest';
import { sumDrops } from '../../../lib/cli/bench/kernel-drops.js';
import { parseCpuList } from '../../../lib/cli/bench/pinning.js';
import { Progress } from '../../../lib/cli/bench/progress.js';
import { compare, parsePerf, parseStrace } from '../../../lib/cli/bench/verify-calls.js';
import { side } from './sample-result.js';

describe('parsePerf', () => {
  it('reads values and leaves out what was not counted', () => {
    const text = [
      '# started on Mon',
      '',
      '1234,,raw_syscalls:sys_enter,1000,100.00,,',
      '17,,syscalls:sys_enter_sendmmsg,1000,100.00,,',
      '<not supported>,,syscalls:sys_enter_recvmsg,0,100.00,,',
      '',
    ].join('\n');
    expect([...parsePerf(text)]).toEqual([
      ['all', 1234],
      ['sendmmsg', 17],
    ]);
  });
});

describe('parseStrace', () => {
  it('reads calls with and without errors, and the total', () => {
    const text = [
      '% time     seconds  usecs/call     calls    errors syscall',
      '------ ----------- ----------- --------- --------- ----------------',
      ' 98.00    0.004900          49       100           sendmsg',
      '  2.00    0.000100           1        50        10 recvmsg',
      '------ ----------- ----------- --------- --------- ----------------',
      '100.00    0.005000          33       150        10 total',
    ].join('\n');
    expect([...parseStrace(text)]).toEqual([
      ['sendmsg', 100],
      ['recvmsg', 50],
      ['all', 150],
    ]);
  });
});

describe('compare', () => {
  const counts = (calls: number, kind: string) =>
    new Map([
      ['all', calls + 500],
      [kind, calls],
    ]);

  it('agrees within a hundredth', () => {
    const reports = { sent: side(4600, 100, 1), received: side(4600, 1000, 1) };
    const exact = { send: counts(100, 'sendmmsg'), receive: counts(1005, 'recvmmsg') };
    const found = compare('perf stat', reports, exact);
    expect(found).toMatchObject({ agrees: true, countedSendCalls: 100 });
    expect(found?.sendCallsPerDatagram).toBeCloseTo(100 / 4600, 10);
    expect(found?.allSendSidePerDatagram).toBeCloseTo(600 / 4600, 10);
    const wrong = { ...exact, receive: counts(1020, 'recvmmsg') };
    expect(compare('perf stat', reports, wrong)?.agrees).toBe(false);
  });

  it('has nothing to compare where the program does not count', () => {
    const reports = { sent: side(100, null, 1), received: side(100, null, 1) };
    const found = { send: counts(100, 'sendmsg'), receive: counts(120, 'recvmsg') };
    expect(compare('strace -c', reports, found)).toMatchObject({
      agrees: null,
      receiveCallsPerDatagram: 1.2,
    });
  });

  it('is null when the tool saw no such call', () => {
    const reports = { sent: side(100, 1, 1), received: side(100, 1, 1) };
    expect(compare('perf stat', reports, { send: new Map(), receive: new Map() })).toBeNull();
  });
});

describe('sumDrops', () => {
  it('sums the last column of the sockets on these ports', () => {
    const table = [
      '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
      '  100: 0100007F:2329 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11 2 0000000000000000 5',
      '  101: 0100007F:232A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12 2 0000000000000000 7',
      '  102: 0100007F:FFFF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 13 2 0000000000000000 9',
      '',
    ].join('\n');
    expect(sumDrops(table, [0x2329, 0x232a])).toBe(12);
    expect(sumDrops(table, [1])).toBe(0);
  });
});

describe('parseCpuList', () => {
  it.each([
    ['0\n', [0]],
    ['0-2,5', [0, 1, 2, 5]],
    ['1,3', [1, 3]],
  ])('%j', (text, cores) => expect(parseCpuList(text)).toEqual(cores));
});

describe('Progress', () => {
  function capture(isTTY: boolean) {
    let text = '';
    const write = (part: string) => {
      text += part;
    };
    return { output: { write, isTTY, columns: 20 }, text: () => text };
  }

  it('rewrites one line of a terminal, cut to its width', () => {
    const { output, text } = capture(true);
    const progress = new Progress(output, 2);
    progress.step('a step with a long name');
    progress.step('two');
    progress.clear();
    expect(text().split('\r\x1b[2K')).toEqual(['', '[1/2] a step with a', '[2/2] two', '']);
  });

  it('writes a line a step elsewhere', () => {
    const { output, text } = capture(false);
    const progress = new Progress(output, 2);
    progress.step('one');
    progress.step('two');
    progress.clear();
    expect(text()).toBe('[1/2] one\n[2/2] two\n');
  });
});
