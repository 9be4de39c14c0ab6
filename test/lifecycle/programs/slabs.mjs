// What becomes of the slabs of the addon: one case a process, since they all share one pool. Prints JSON.

import { once } from 'node:events';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as round } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { loadBinding } from '../../../dist/native/load.js';

const { allocateSlab } = loadBinding().binding;

/** Slabs that begin and end with numbers of their own. */
function marked(count, from = 1) {
  return Array.from({ length: count }, (_, index) => {
    const slab = allocateSlab().fill(1);
    const view = new DataView(slab.buffer);
    view.setUint32(0, from + index);
    view.setUint32(slab.byteLength - 4, from + index);
    return slab;
  });
}

/** The number of a slab that is as `marked` left it, else 0. */
function markOf(slab) {
  const view = new DataView(slab.buffer);
  const mark = view.getUint32(0);
  return view.getUint32(slab.byteLength - 4) === mark ? mark : 0;
}

const marksOf = (slabs) => slabs.map(markOf).sort((a, b) => a - b);

/** Everything unreachable is collected, and its finalizers have run. */
async function collected() {
  for (let rounds = 0; rounds < 5; rounds++) {
    globalThis.gc();
    await round();
  }
}

/** A worker that marks slabs and never ends; `then` runs once it has. */
async function inWorker(from, then) {
  const worker = new Worker(new URL(import.meta.url), { argv: ['hold', '30', String(from)] });
  await once(worker, 'message');
  await then(worker);
}

const cases = {
  async reuse() {
    marked(20);
    await collected();
    return { marks: marksOf(Array.from({ length: 20 }, allocateSlab)) };
  },

  async cap() {
    await collected();
    const before = process.memoryUsage();
    marked(600);
    const held = process.memoryUsage();
    await collected();
    const after = process.memoryUsage();
    return {
      heldBytes: held.rss - before.rss,
      keptBytes: after.rss - before.rss,
      countedBytes: after.arrayBuffers - before.arrayBuffers,
    };
  },

  /** Collections while 2,000 slabs pass by, none of them kept: of the young generation, and of everything. */
  async collections() {
    const kinds = [];
    const observer = new PerformanceObserver((list) => {
      kinds.push(...list.getEntries().map(({ detail }) => detail.kind));
    });
    await collected();
    observer.observe({ entryTypes: ['gc'] });
    for (let slabs = 0; slabs < 2000; slabs += 4) {
      marked(4);
      await round();
    }
    await round();
    observer.disconnect();
    const { NODE_PERFORMANCE_GC_MINOR, NODE_PERFORMANCE_GC_MAJOR } = constants;
    const count = (wanted) => kinds.filter((kind) => kind === wanted).length;
    return { minor: count(NODE_PERFORMANCE_GC_MINOR), major: count(NODE_PERFORMANCE_GC_MAJOR) };
  },

  async view() {
    const tail = marked(1, 77)[0].subarray(-4);
    await collected();
    marked(50, 1000);
    return { tail: [...tail] };
  },

  async worker() {
    await inWorker(1, (worker) => worker.terminate());
    await collected();
    return { marks: marksOf(Array.from({ length: 30 }, allocateSlab)) };
  },

  /** Ends workers in the middle of allocating; whatever they gave back has one owner afterwards. */
  async terminate() {
    for (let rounds = 0; rounds < 8; rounds++) {
      const worker = new Worker(new URL(import.meta.url), { argv: ['churn'] });
      await once(worker, 'message');
      await worker.terminate();
    }
    const slabs = marked(300);
    return { distinct: new Set(slabs.map(markOf)).size };
  },
};

const [name, count, from] = process.argv.slice(2);
if (name === 'hold' || name === 'churn') {
  const { parentPort } = await import('node:worker_threads');
  const held = name === 'hold' ? marked(Number(count), Number(from)) : [];
  parentPort.postMessage('ready');
  parentPort.on('message', () => held.length);
  if (name === 'churn') for (;;) marked(4);
} else {
  console.log(JSON.stringify(await cases[name]()));
}
