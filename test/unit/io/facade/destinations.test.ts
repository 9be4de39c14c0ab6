/** Ids by address, while they mean it. */

import { expect, test } from 'vitest';
import { PEER_GENERATION, PEER_INTS } from '../../../../lib/batch/layout.js';
import { Destinations } from '../../../../lib/io/facade/destinations.js';

function open(most = 100) {
  const columns = new Int32Array(10 * PEER_INTS);
  const asked: string[] = [];
  let nextId = 1;
  const destinations = new Destinations(
    columns,
    (address, port) => {
      asked.push(`${address}:${port}`);
      return address.includes('.') ? nextId++ : -1;
    },
    most,
  );
  const evict = (id: number): void => {
    columns[id * PEER_INTS + PEER_GENERATION]++;
  };
  return { destinations, asked, evict, columns };
}

test('asks once for each address and port', () => {
  const { destinations, asked } = open();
  for (let i = 0; i < 3; i++) {
    expect(destinations.idOf('192.0.2.1', 1)).toBe(1);
    expect(destinations.idOf('192.0.2.1', 2)).toBe(2);
    expect(destinations.idOf('192.0.2.2', 1)).toBe(3);
  }
  expect(asked.length).toBe(3);
  expect(destinations.known('192.0.2.2', 1)).toBe(3);
  expect(destinations.known('192.0.2.2', 2)).toBe(0);
});

test('an id that another address has taken over is not given out', () => {
  const { destinations, evict, columns } = open();
  // The largest generation there is, and the one behind it.
  columns[1 * PEER_INTS + PEER_GENERATION] = -1;
  expect(destinations.idOf('192.0.2.1', 1)).toBe(1);
  expect(destinations.known('192.0.2.1', 1)).toBe(1);
  evict(1);
  expect(destinations.known('192.0.2.1', 1)).toBe(0);
  expect(destinations.idOf('192.0.2.1', 1)).toBe(2);
});

test('what is no address is not remembered', () => {
  const { destinations, asked } = open();
  expect(destinations.idOf('::1', 1)).toBe(-1);
  expect(destinations.idOf('::1', 1)).toBe(-1);
  expect(asked.length).toBe(2);
});

test('a flood of addresses is forgotten, not kept', () => {
  const { destinations, asked } = open(2);
  for (let port = 1; port <= 3; port++) destinations.idOf('192.0.2.1', port);
  expect(destinations.known('192.0.2.1', 3)).toBe(3);
  expect(destinations.known('192.0.2.1', 1)).toBe(0);
  expect(asked.length).toBe(3);
});
