/**
 * The words of the suite's page: what burstwire is, how to read a chart, how it was measured. Pure.
 */

import { type Html, html } from '../../lib/cli/bench/html-template.js';
import type { SuiteResult } from './result.js';
import { timeText } from './time-left.js';
import type { Group } from './types.js';

export const GROUPS: Readonly<Record<Group, readonly [title: string, about: string]>> = {
  e2e: [
    'End to end',
    'Two processes and real sockets on the loopback interface, beside other transports for Node.',
  ],
  stress: ['Under stress', 'Many connections, floods, losses, long runs: what breaks first.'],
  components: ['Components', 'Larger parts of the machine on their own, without a network.'],
  micro: ['Single stages', 'One thing that is done for every packet, in a loop.'],
  ablation: [
    'What each change is worth',
    'A mistake of an earlier protocol, made again on purpose, beside the way it is done now. Everything else is the same.',
  ],
};

export function aboutThis(): Html {
  return html`<header>
<h1>burstwire, measured</h1>
<p><strong>burstwire</strong> is a library for Node.js with two layers. The lower one sends and receives UDP datagrams many at a time, because what a datagram costs is mostly the call and not its bytes. The upper one is a transport like QUIC on top of that: encrypted streams, messages and datagrams between two programs, with congestion control. This page shows how fast both are, beside what else there is and beside the limit of this machine.</p>
</header>`;
}

const LEGEND: readonly (readonly [tone: string, text: string])[] = [
  ['burstwire', 'burstwire'],
  ['baseline', 'others; or the way it was'],
  ['ceiling', 'limit: C++ without Node'],
  ['line', 'where the limit lies'],
  ['span', '95 % interval of the median'],
];

export function howToRead(): Html {
  const items = LEGEND.map(([tone, text]) => html`<li><i class="${tone}"></i>${text}</li>`);
  return html`<section class="card" id="read">
<h2>How to read it</h2>
<ul class="legend">${items}</ul>
<ul class="plain">
<li>“1.6x” is how many times better a case is than the one it is compared with, whether more is better or less. Ratios travel between machines better than figures do.</li>
<li>p50, p99 and p99.9: half, 99 and 99.9 of a hundred round trips were at most that long. MB are 10<sup>6</sup> bytes.</li>
<li>“Not available” is something that this case or this machine cannot tell; nothing is guessed. Loss is always told: a rate without it says little.</li>
</ul>
</section>`;
}

export function howMeasured({ config, durationSeconds, benchmarks }: SuiteResult): Html {
  const counts =
    config.counted.length > 0
      ? html`In a run of its own, outside of the timed ones, the kernel counted (<code>perf stat</code>: ${config.counted.join(', ')}) for each case end to end and of what each change is worth, over all its processes.`
      : html`System calls and the like were not counted by the kernel (${config.countedReason ?? 'not asked for'}); where they are told, the programs counted themselves.`;
  const cases = benchmarks.reduce((sum, item) => sum + item.cases.length, 0);
  return html`<section class="card" id="method">
<h2>How it was measured</h2>
<ul class="plain">
<li>${cases} cases in ${timeText(durationSeconds)}. Each is a process that is started anew, warms up, and measures itself; what it starts belongs to it.</li>
<li>Rounds are interleaved: every case once, then every case again, in another order. Ratios are formed within a round, so a slow minute of the machine hits both sides.</li>
<li>Figures are medians over the rounds. The interval is a bootstrap of the median; with few rounds that is about the range.</li>
<li>${counts}</li>
<li>The loopback interface has no link and no network card: it shows what the software costs.${config.quick && ' This was a quick run: it shows that everything works, not how fast it is.'}</li>
</ul>
</section>`;
}
