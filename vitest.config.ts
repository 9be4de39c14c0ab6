/**
 * Tests: `npm test`. Two projects: `main`, and `package`, which packs the tarball and runs last and alone.
 *
 * Forks, not threads: an addon that is loaded in many threads of one process hides some crashes and causes others.
 * Tests of worker threads start their own. One file at a time: the network tests share one loopback and two cores.
 */

import { defineConfig } from 'vitest/config';

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
          name: 'main',
          include: ['test/**/*.test.ts'],
          exclude: ['test/package/**'],
          // From 1 on: vitest runs the files of group 0 after those of all others.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
