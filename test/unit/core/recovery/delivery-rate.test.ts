/** Samples of the delivery rate (D1 to D5). */

import { expect, it } from 'vitest';
import { Harness } from './harness.js';

const RTT_US = 100_000;

function start(): Harness {
  return new Harness({ samplesDelivery: true });
}

/** One packet every `spacingUs`, each acknowledged a round trip later, in order. */
function stream(harness: Harness, count: number, spacingUs: number): void {
  const { recovery } = harness;
  const beginUs = harness.nowUs;
  const first = recovery.nextPacketNumber;
  const behind = RTT_US / spacingUs;
  for (let step = 0; step < count + behind; step++) {
    harness.nowUs = beginUs + step * spacingUs;
    if (step >= behind) harness.ack([first, first + step - behind]);
    if (step < count) harness.send();
  }
}

it('is the rate at which packets are sent, when nothing holds them up (D3)', () => {
  const harness = start();
  stream(harness, 200, 1000);
  expect(harness.recovery.delivery.rate).toBeCloseTo(1_200_000, -4);
  expect(harness.recovery.delivery.deliveredBytes).toBe(200 * 1200);
});

it('is the rate at which ACKs come, when packets are sent in one burst (D3)', () => {
  const harness = start();
  harness.sampleRtt(RTT_US);
  harness.sendMany(100);
  for (let number = 1; number <= 100; number++) {
    harness.nowUs += number === 1 ? RTT_US : 2000;
    harness.ack([1, number]);
  }
  const us = RTT_US + 99 * 2000;
  expect(harness.recovery.delivery.rate).toBeCloseTo((100 * 1200 * 1e6) / us, 0);
});

it('is not raised by ACKs that come in a heap (D3)', () => {
  const harness = start();
  stream(harness, 100, 1000);
  const first = harness.recovery.nextPacketNumber;
  for (let index = 0; index < 50; index++) {
    harness.send();
    harness.nowUs += 1000;
  }
  harness.nowUs += RTT_US;
  harness.ack([first, first + 49]);
  expect(harness.recovery.delivery.rate).toBeLessThan(1_210_000);
});

it('marks what is sent after the application had too little, until that is delivered (D4)', () => {
  const harness = start();
  const { recovery } = harness;
  harness.sampleRtt(RTT_US);
  harness.sendMany(2);
  recovery.markAppLimited();
  expect(recovery.delivery.isShort).toBe(true);
  harness.sendMany(2);
  harness.nowUs += RTT_US;
  harness.ack([1, 2]);
  expect(recovery.delivery.isAppLimited).toBe(false);
  harness.ack([1, 3]);
  expect(recovery.delivery).toMatchObject({ isAppLimited: true, isShort: false });
  harness.send();
  harness.nowUs += RTT_US;
  harness.ack([1, 5]);
  expect(recovery.delivery.isAppLimited).toBe(false);
});

it('tells what was in flight and what has been lost since (D5)', () => {
  const harness = start();
  const { delivery } = harness.recovery;
  harness.sampleRtt(RTT_US);
  harness.sendMany(10);
  harness.nowUs += RTT_US;
  harness.ack([6, 10]);
  expect(harness.recovery.lostPackets).toBe(5);
  expect(delivery).toMatchObject({
    lostBytes: 6000,
    // With the first of them alone it was too much already.
    lossTxInFlightBytes: 0,
    lossLostSinceBytes: 1200,
    txInFlightBytes: 12_000,
    lostSinceBytes: 6000,
    deliveredBytes: 1200 + 6000,
  });
});

it('tells with how much in flight losses were too many, not how much it was when they went on (D5)', () => {
  const harness = start();
  const { delivery } = harness.recovery;
  harness.sampleRtt(RTT_US);
  harness.sendMany(200);
  harness.nowUs += RTT_US;
  harness.ack([1, 95], [196, 200]);
  expect(delivery.lostBytes).toBe(100 * 1200);
  // One of 96 is not too much, two of 97 are.
  expect(delivery.lossLostSinceBytes).toBe(2 * 1200);
  expect(delivery.lossTxInFlightBytes).toBeGreaterThan(96 * 1200);
  expect(delivery.lossTxInFlightBytes).toBeLessThan(97 * 1200);
});

it('tells of the newest lost packet when losses were few (D5)', () => {
  const harness = start();
  harness.sampleRtt(RTT_US);
  harness.sendMany(200);
  harness.nowUs += RTT_US;
  harness.ack([1, 149], [151, 200]);
  expect(harness.recovery.delivery).toMatchObject({
    lossTxInFlightBytes: 150 * 1200,
    lossLostSinceBytes: 1200,
  });
});

it('counts what comes after all as delivered (D2)', () => {
  const harness = start();
  harness.sampleRtt(RTT_US);
  harness.sendMany(10);
  harness.nowUs += RTT_US;
  harness.ack([2, 10]);
  harness.ack([1, 10]);
  expect(harness.recovery.delivery.deliveredBytes).toBe(11 * 1200);
});

it('keeps what it knows of packets in flight while the ring grows (D1)', () => {
  const harness = start();
  harness.sampleRtt(RTT_US);
  harness.sendMany(500);
  harness.nowUs += RTT_US;
  harness.ack([1, 7]);
  expect(harness.recovery.delivery.txInFlightBytes).toBe(7 * 1200);
  harness.ack([1, 500]);
  expect(harness.recovery.delivery).toMatchObject({
    txInFlightBytes: 500 * 1200,
    priorDeliveredBytes: 1200,
  });
});

it('keeps nothing unless it is asked to', () => {
  const harness = new Harness();
  stream(harness, 50, 1000);
  harness.recovery.markAppLimited();
  expect(harness.recovery.delivery).toMatchObject({ deliveredBytes: 0, rate: 0, isShort: false });
});
