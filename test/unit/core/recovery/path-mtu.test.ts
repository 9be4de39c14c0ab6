/** The search for the path MTU (RFC 8899): how many probes each kind of path costs, and when the size falls again. */

import { describe, expect, it } from 'vitest';
import { PathMtu } from '../../../../lib/core/recovery/path-mtu.js';
import { seededRandom } from '../../../support/test-primitives.js';

const RAISE_US = 600e6;
const RTT_US = 10_000;
const LOOPBACK = 65_507;

/** What a host and a path carry, UDP payload bytes. */
interface Path {
  /** The kernel refuses what is above. */
  interfaceBytes: number;
  /** The path loses what is above. */
  pathBytes: number;
}

/** A PathMtu over a path; every probe is settled one round trip after it was sent. */
class Flow {
  readonly mtu: PathMtu;
  readonly path: Path;
  nowUs = 1e6;
  readonly acked: number[] = [];
  readonly lost: number[] = [];
  readonly refused: number[] = [];
  #number = 0;

  constructor(maximum: number, path: Path, isIpv4 = true) {
    this.mtu = new PathMtu({ maximum, isIpv4 });
    this.path = path;
  }

  /** One probe, settled; false when there is none to send. `isUnlucky`: chance loses it. */
  probe(isUnlucky = false): boolean {
    const bytes = this.mtu.probeBytes(this.nowUs);
    if (bytes === 0) return false;
    const number = this.#number++;
    this.mtu.onProbeSent(number, bytes);
    if (bytes > this.path.interfaceBytes) {
      this.refused.push(bytes);
      this.mtu.onProbeRefused(bytes, this.nowUs);
      return true;
    }
    this.nowUs += RTT_US;
    if (bytes > this.path.pathBytes || isUnlucky) {
      this.lost.push(bytes);
      this.mtu.onProbeLost(number, this.nowUs);
    } else {
      this.acked.push(bytes);
      this.mtu.onProbeAcked(number, this.nowUs);
    }
    return true;
  }

  /** Probes until the search is complete. */
  search(): this {
    for (let probes = 0; this.probe(); probes++) expect(probes).toBeLessThan(100);
    return this;
  }

  /** Everything of the current size is lost, so many times; small packets arrive. */
  loseBursts(count: number): void {
    for (let burst = 0; burst < count; burst++) {
      this.nowUs += RTT_US;
      this.mtu.onPacketAcked(60);
      this.mtu.onPacketsLost(this.mtu.current, this.mtu.current, this.nowUs);
    }
  }
}

const everywhere = (bytes: number): Path => ({ interfaceBytes: bytes, pathBytes: bytes });

describe('the search', () => {
  it('begins at 1,200', () => {
    expect(new PathMtu({ maximum: LOOPBACK, isIpv4: true }).current).toBe(1200);
  });

  it('finds loopback with one probe', () => {
    const flow = new Flow(LOOPBACK, everywhere(LOOPBACK)).search();
    expect(flow.mtu.current).toBe(LOOPBACK);
    expect([flow.acked, flow.lost, flow.refused]).toEqual([[LOOPBACK], [], []]);
    expect(flow.mtu.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['IPv4 over Ethernet', true, 1500, 1472],
    ['IPv6 over Ethernet', false, 1500, 1452],
    ['IPv4 over jumbo frames', true, 9000, 8972],
    ['IPv6 over jumbo frames', false, 9000, 8952],
    ['IPv6 over loopback', false, 65_535, 65_487],
  ])('finds %s with one probe on the wire', (_, isIpv4, mtu, expected) => {
    const bytes = mtu - (isIpv4 ? 28 : 48);
    const flow = new Flow(LOOPBACK, everywhere(bytes), isIpv4).search();
    expect(flow.mtu.current).toBe(expected);
    expect(flow.acked).toEqual([expected]);
    expect(flow.lost).toEqual([]);
  });

  it('tries the maximum first, whatever it is', () => {
    expect(new Flow(5000, everywhere(LOOPBACK)).search().acked).toEqual([5000]);
  });

  it('finds Ethernet behind an interface with jumbo frames, with one lost probe before', () => {
    const flow = new Flow(LOOPBACK, { interfaceBytes: 8972, pathBytes: 1472 });
    while (flow.mtu.current < 1472) flow.probe();
    expect(flow.lost).toEqual([8972]);
    flow.search();
    expect(flow.mtu.current).toBe(1472);
    expect(flow.lost.length).toBeLessThanOrEqual(6);
  });

  it('gives a size up after three losses', () => {
    const flow = new Flow(1472, { interfaceBytes: 1472, pathBytes: 1464 }).search();
    expect(flow.mtu.current).toBe(1464);
    expect(flow.lost).toEqual([1472, 1472, 1472]);
  });

  it.each([1252, 1300, 1392, 1420, 1464, 2000, 4068, 5000, 16_356, 40_000])(
    'comes close to a path of %d bytes and never above it',
    (pathBytes) => {
      const flow = new Flow(LOOPBACK, { interfaceBytes: LOOPBACK, pathBytes }).search();
      expect(flow.mtu.current).toBeLessThanOrEqual(pathBytes);
      expect(flow.mtu.current).toBeGreaterThanOrEqual(pathBytes * 0.49);
      expect(flow.acked.length + flow.lost.length).toBeLessThanOrEqual(12);
    },
  );

  it('stays at 1,200 on a path that carries no more', () => {
    const flow = new Flow(LOOPBACK, { interfaceBytes: 1472, pathBytes: 1200 }).search();
    expect(flow.mtu.current).toBe(1200);
  });

  it('gets over the chance loss of any one probe', () => {
    for (let unlucky = 0; unlucky < 4; unlucky++) {
      const flow = new Flow(LOOPBACK, everywhere(1472));
      for (let probes = 0; flow.probe(probes === unlucky); probes++);
      expect(flow.mtu.current).toBe(1472);
    }
  });

  it('has one probe outstanding', () => {
    const mtu = new PathMtu({ maximum: 1472, isIpv4: true });
    expect(mtu.probeBytes(0)).toBe(1472);
    expect(mtu.probeBytes(0)).toBe(1472);
    mtu.onProbeSent(7, 1472);
    expect(mtu.probeBytes(1e6)).toBe(0);
  });

  it('ignores what becomes of packets that are not the probe', () => {
    const mtu = new PathMtu({ maximum: 1472, isIpv4: true });
    mtu.onProbeSent(7, 1472);
    mtu.onProbeAcked(6, 10);
    mtu.onProbeLost(8, 10);
    expect(mtu.current).toBe(1200);
    expect(mtu.probeBytes(10)).toBe(0);
    mtu.onProbeAcked(7, 10);
    mtu.onProbeLost(7, 20);
    expect(mtu.current).toBe(1472);
  });

  it('never probes with a maximum of 1,200', () => {
    const mtu = new PathMtu({ maximum: 1200, isIpv4: true });
    expect(mtu.probeBytes(0)).toBe(0);
    expect(mtu.probeBytes(10 * RAISE_US)).toBe(0);
    expect(mtu.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([1199, 1200.5, 65_528, Number.NaN])('refuses a maximum of %d', (maximum) => {
    expect(() => new PathMtu({ maximum, isIpv4: true })).toThrow(RangeError);
  });

  it('takes another maximum: lower at once, higher by a new search', () => {
    const flow = new Flow(1472, everywhere(8972)).search();
    flow.mtu.setMaximum(1300);
    expect(flow.mtu.current).toBe(1300);
    expect(flow.search().mtu.current).toBe(1300);
    flow.mtu.setMaximum(8972);
    expect(flow.mtu.current).toBe(1300);
    expect(flow.search().mtu.current).toBe(8972);
  });
});

describe('a size that the kernel refuses', () => {
  it('is no loss: one refusal is enough', () => {
    const flow = new Flow(1472, { interfaceBytes: 1463, pathBytes: 1463 }).search();
    expect(flow.refused).toEqual([1472, 1464]);
    expect(flow.lost).toEqual([]);
    expect(flow.mtu.current).toBe(1452);
  });

  it('lets the next probe go at once, and its own packet count for nothing later', () => {
    const mtu = new PathMtu({ maximum: 8972, isIpv4: true });
    mtu.onProbeSent(1, 8972);
    mtu.onProbeRefused(8972, 0);
    expect(mtu.probeBytes(0)).toBe(1472);
    mtu.onProbeSent(2, 1472);
    mtu.onProbeLost(1, 100);
    expect(mtu.probeBytes(100)).toBe(0);
    mtu.onProbeAcked(2, 100);
    expect(mtu.current).toBe(1472);
  });

  it('is not tried again before the raise timer, nor anything above', () => {
    const flow = new Flow(LOOPBACK, everywhere(1472)).search();
    const count = flow.refused.length;
    flow.loseBursts(3);
    flow.search();
    expect(flow.refused.length).toBe(count);
    expect(Math.max(...flow.acked, ...flow.lost)).toBe(1472);
  });

  it('when it was no probe, the interface has narrowed: 1,200, and up again below it', () => {
    const flow = new Flow(8972, everywhere(8972)).search();
    flow.path.interfaceBytes = 1472;
    flow.mtu.onProbeRefused(8972, flow.nowUs);
    expect(flow.mtu.current).toBe(1200);
    expect(flow.mtu.probeBytes(flow.nowUs)).toBe(1472);
    expect(flow.search().mtu.current).toBe(1472);
  });

  it('is ignored when every path must carry it', () => {
    const mtu = new PathMtu({ maximum: 1472, isIpv4: true });
    mtu.onProbeRefused(1200, 0);
    expect(mtu.probeBytes(0)).toBe(1472);
  });
});

describe('the raise timer', () => {
  it('starts when the search is complete and begins a new one', () => {
    const flow = new Flow(LOOPBACK, { interfaceBytes: 8972, pathBytes: 1472 }).search();
    expect(flow.mtu.deadlineUs).toBe(flow.nowUs + RAISE_US);
    expect(flow.mtu.probeBytes(flow.nowUs + RAISE_US - 1)).toBe(0);
    flow.path.pathBytes = 8972;
    flow.nowUs += RAISE_US;
    expect(flow.search().mtu.current).toBe(8972);
  });

  it('stops while there is something to probe', () => {
    const flow = new Flow(1472, everywhere(1452)).search();
    expect(flow.mtu.probeBytes(flow.mtu.deadlineUs)).toBe(1472);
    expect(flow.mtu.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it('keeps the size while the new search fails', () => {
    const flow = new Flow(LOOPBACK, everywhere(1472)).search();
    flow.nowUs += RAISE_US;
    expect(flow.search().mtu.current).toBe(1472);
    expect(flow.mtu.deadlineUs).toBeGreaterThan(flow.nowUs);
  });
});

describe('a black hole', () => {
  it('is three losses of large packets in a row', () => {
    const flow = new Flow(1472, everywhere(1472)).search();
    flow.loseBursts(2);
    expect(flow.mtu.current).toBe(1472);
    flow.loseBursts(1);
    expect(flow.mtu.current).toBe(1200);
    expect(flow.mtu.blackHoles).toBe(1);
  });

  it('from jumbo frames to Ethernet costs one probe', () => {
    const flow = new Flow(8952, everywhere(8952), false).search();
    flow.path.pathBytes = 1452;
    flow.loseBursts(3);
    flow.probe();
    expect(flow.mtu.current).toBe(1452);
    const before = flow.lost.length;
    expect(flow.search().mtu.current).toBe(1452);
    expect(flow.lost.length - before).toBeLessThanOrEqual(6);
  });

  it('that was chance is undone by the search that follows, the size itself last', () => {
    const flow = new Flow(1472, everywhere(1472)).search();
    flow.loseBursts(3);
    expect(flow.search().mtu.current).toBe(1472);
    expect(flow.acked).toEqual([1472, 1422, 1452, 1464, 1472]);
  });

  it('that swallows data, but not probes, is believed the second time', () => {
    const flow = new Flow(1472, everywhere(1472)).search();
    flow.loseBursts(3);
    flow.search();
    flow.loseBursts(3);
    expect(flow.search().mtu.current).toBe(1464);
    flow.nowUs += RAISE_US;
    expect(flow.search().mtu.current).toBe(1472);
    flow.loseBursts(3);
    expect(flow.search().mtu.current).toBe(1472);
  });

  it('forgets the outstanding probe, which was for the path as it was', () => {
    const flow = new Flow(8972, everywhere(1472));
    while (flow.mtu.current < 1472) flow.probe();
    const bytes = flow.mtu.probeBytes(flow.nowUs);
    expect(bytes).toBeGreaterThan(1472);
    flow.mtu.onProbeSent(99, bytes);
    flow.loseBursts(3);
    flow.mtu.onProbeAcked(99, flow.nowUs);
    expect(flow.mtu.current).toBe(1200);
  });

  it('shows in packets that are smaller than the current size, too', () => {
    const flow = new Flow(8972, everywhere(8972)).search();
    for (let burst = 0; burst < 3; burst++) {
      flow.mtu.onPacketAcked(1400);
      flow.mtu.onPacketsLost(5000, 5000, burst);
    }
    expect(flow.mtu.current).toBe(1200);
  });

  const searched = () => new Flow(1472, everywhere(1472)).search().mtu;

  it('is not: when a packet of that size arrives in between', () => {
    const mtu = searched();
    for (let burst = 0; burst < 20; burst++) {
      mtu.onPacketsLost(1472, 1472, burst);
      if (burst % 2 === 1) mtu.onPacketAcked(1472);
    }
    expect(mtu.current).toBe(1472);
  });

  it('is not: when a packet of the lost size arrives, below the current size', () => {
    const { mtu } = new Flow(8972, everywhere(8972)).search();
    for (let burst = 0; burst < 20; burst++) {
      mtu.onPacketsLost(5000, 5000, burst);
      if (burst % 2 === 1) mtu.onPacketAcked(6000);
    }
    expect(mtu.current).toBe(8972);
  });

  it('is not: when packets of 1,200 bytes are lost as well', () => {
    const mtu = searched();
    for (let burst = 0; burst < 20; burst++) {
      mtu.onPacketsLost(burst % 3 === 2 ? 1200 : 1472, 1472, burst);
    }
    expect(mtu.current).toBe(1472);
  });

  it('is not: one event that is told in several pieces', () => {
    const mtu = searched();
    for (let piece = 0; piece < 20; piece++) mtu.onPacketsLost(1472, 1472, 5);
    expect(mtu.current).toBe(1472);
  });

  it('is not: what was sent before the size fell', () => {
    const flow = new Flow(8972, everywhere(8972)).search();
    flow.path.pathBytes = 1472;
    flow.loseBursts(3);
    flow.probe();
    for (let burst = 0; burst < 20; burst++) flow.mtu.onPacketsLost(8972, 8972, 1e9 + burst);
    expect(flow.mtu.current).toBe(1472);
    expect(flow.mtu.blackHoles).toBe(1);
  });

  it('is not: a flow that loses 20 % of its packets by chance, in windows as small as four', () => {
    const random = seededRandom(1);
    const dice = new Uint8Array(1);
    const isLost = (): boolean => {
      random.fill(dice);
      return dice[0] < 51;
    };
    const mtu = searched();
    let events = 0;
    for (let round = 0; round < 20_000; round++) {
      let lost = 0;
      for (let packet = 0; packet < 4; packet++) if (isLost()) lost++;
      if (lost > 0) {
        events++;
        mtu.onPacketsLost(1472, 1472, round * RTT_US);
      }
      mtu.onPacketAcked(lost < 4 ? 1472 : 60);
    }
    expect(events).toBeGreaterThan(10_000);
    expect(mtu.blackHoles).toBe(0);
    expect(mtu.current).toBe(1472);
  });
});
