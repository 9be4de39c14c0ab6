/** The rate between the first departure and the last. */

import { expect, it } from 'vitest';
import { Departures } from '../../../bench/components/departures.js';

it('counts what left after the first departure, by the time since then', () => {
  const departures = new Departures();
  departures.note(1000, 9999);
  departures.note(1000, 9999);
  departures.note(1010, 500);
  departures.note(1020, 700);
  departures.note(1020, 300);
  expect(departures.rate).toBe(75_000);
  expect(departures.count).toBe(3);
});

it('is no number before the second departure, and begins anew after a reset', () => {
  const departures = new Departures();
  expect(departures.rate).toBeNaN();
  departures.note(0, 1);
  departures.note(1000, 50);
  departures.reset();
  departures.note(2000, 1);
  expect(departures.rate).toBeNaN();
  departures.note(3000, 20);
  expect(departures.rate).toBe(20);
});
