/**
 * Tests: `npm test`. Four projects, one after the other: `pure`, `main`, `alone`, and `package`, which packs the tarball.
 *
 * Forks, not threads: an addon that is loaded in many threads of one process hides some crashes and causes others.
 * Tests of worker threads start their own. Pure tests have no socket, no clock, no mocked module, no heap to measure and
 * nothing in common on disk: so they run side by side, many files in one process, which saves its start and the compiling
 * of what they import. The others have a process for each file, two at a time: they wait for timers and for programs that
 * start, and every port is one that the kernel chose. Alone run those that a neighbour could disturb: they measure a heap,
 * count descriptors, compare shares of a processor, fill sockets until they drop, or want rates from short windows.
 */

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const filesOf = (folders: readonly string[]): string[] =>
  folders.map((folder) => `test/${folder}/**/*.test.ts`);
const PURE = filesOf([
  ...['decoder', 'fuzz', 'golden', 'property', 'sim', 'threats', 'vectors'],
  ...['unit/cli', 'unit/core', 'unit/crypto', 'unit/scripts'],
]);
const ALONE = [
  ...filesOf(['alloc', 'lifecycle']),
  ...['fairness', 'flood'].map((name) => `test/conformance/${name}.test.ts`),
  ...['crowd', 'leaks', 'priorities'].map((name) => `test/transport/${name}.test.ts`),
  ...['cli-bench', 'cli-perf'].map((name) => `test/integration/${name}.test.ts`),
];

/** The ones that take longest, longest first: begun late, one of them would run on while the other worker is idle. */
const LONG = [
  ...['bench-suite', 'cli-transfer', 'sharded-server'],
  ...['sim/congestion', 'sim/random', 'simultaneous-open', 'protection-equal', 'sim/scenarios'],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return place < 0 ? LONG.length : place;
    };
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => placeOf(a) - placeOf(b));
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    sequence: { sequencer: LongestFirst },
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
          exclude: ['test/package/**', 'test/netlab/**', ...PURE, ...ALONE],
          fileParallelism: true,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, sequence: { groupOrder: 3 } },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
