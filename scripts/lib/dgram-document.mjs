// docs/dgram-conformance.md, from what Node's tests of dgram said. Called by scripts/dgram-conformance.mjs.

import { expectedFailures, unreachable } from '../../test/foreign/dgram-expected.mjs';

function failures(engine, results) {
  const failed = results.filter(({ passed }) => !passed).map(({ file }) => file);
  if (failed.length === 0) return ['None.', ''];
  const rows = failed.map((file) => {
    const why = expectedFailures(engine, file) ?? unreachable(file) ?? 'not explained yet';
    return `| \`${file}\` | ${why} |`;
  });
  return ['| file | why |', '|---|---|', ...rows, ''];
}

/** @param all results by engine */
export function conformanceDocument(nodeVersion, all) {
  const engines = Object.keys(all);
  const sums = engines.map((engine) => {
    const results = all[engine];
    const judged = results.filter(({ file }) => unreachable(file) === undefined);
    const passed = judged.filter((result) => result.passed).length;
    const skipped = judged.filter((result) => result.skipped).length;
    return `| ${engine} | ${passed} of ${judged.length} | ${skipped} |`;
  });
  const lists = engines.flatMap((engine) => [
    `## What does not pass on the ${engine} engine`,
    '',
    ...failures(engine, all[engine]),
  ]);
  return [
    '# Conformance of burstwire/dgram',
    '',
    `Node's own tests of dgram, those of Node ${nodeVersion} as Debian 13 ships its source, run with \`burstwire/dgram\` in the`,
    'place of `node:dgram`. They are fetched, and never part of this repository. Written by',
    '`npm run test:dgram -- --write`; `npm run test:dgram` fails when a file fails that is not listed here, and when one',
    'passes that is.',
    '',
    `With Node ${process.versions.node}:`,
    '',
    '| engine | files that pass | of them skipped by themselves |',
    '|---|---|---|',
    ...sums,
    '',
    'The dgram engine is `node:dgram` itself. Files that need a network are not counted above; those of them that failed are',
    'listed below.',
    '',
    ...lists,
    '## What is different on the native engine',
    '',
    '- `Socket` is a class: it cannot be called without `new`, as `util.inherits` programs do.',
    '- The handle of a socket is not the one of `node:dgram`: it cannot be sent to a child process, and properties that',
    '  Node has deprecated since version 10 (`_handle` and its like) can be read only.',
    '- `send` copies: a buffer may be used again at once. What `send` was given before `close()` leaves; `node:dgram` drops',
    '  what the same tick has sent to an address. Neither calls its callback.',
    '- `getSendQueueSize()` and `getSendQueueCount()` include what this tick has sent and the end of the tick will hand over.',
    '- A small message shares a buffer of 8 KiB with its neighbours, as `Buffer.from(text)` does.',
    '- In a worker of a cluster that shares its socket, datagrams are received one at a time: what one worker takes, the',
    '  others do not get. `reusePort: true` gives each its own.',
    '- A receive queue is emptied faster than listeners run, so `close()` in a listener drops the rest of the batch;',
    '  `node:dgram` would have left it to the kernel, which drops it as well.',
    '',
  ].join('\n');
}
