/**
 * Tests: `npm test`. Three projects, one after the other: `pure`, `main`, and `package`, which packs the tarball.
 *
 * Forks, not threads: an addon that is loaded in many threads of one process hides some crashes and causes others.
 * Tests of worker threads start their own. One file at a time: the network tests share one loopback and two cores. Pure
 * tests have no socket, no clock, no mocked module, no heap to measure and nothing in common on disk: so they run side by
 * side, many files in one process, which saves its start and the compiling of what they import.
 */

import { defineConfig } from 'vitest/config';

const PURE = [
  ...['decoder', 'fuzz', 'golden', 'property', 'sim', 'threats', 'vectors'],
  ...['unit/cli', 'unit/core', 'unit/crypto', 'unit/scripts'],
].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: PURE,
          fileParallelism: true,
          maxWorkers: 2,
          isolate: false,
          // They compute, and share two cores with each other.
          testTimeout: 60_000,
          // From 1 on: vitest runs the files of group 0 after those of all others.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'main',
          include: ['test/**/*.test.ts'],
          // test/netlab takes minutes, and has a configuration of its own.
          exclude: ['test/package/**', 'test/netlab/**', ...PURE],
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
