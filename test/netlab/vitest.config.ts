/**
 * `npm run test:netlab`: transports through emulated links, in network namespaces. Takes minutes, needs root.
 *
 * One file at a time, one test at a time: each is alone on the machine, as far as that is ours to say.
 */

import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: Vitest reads it.
export default defineConfig({
  test: {
    name: 'netlab',
    include: ['test/netlab/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
