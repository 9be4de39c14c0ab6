/**
 * The words of the report page: what a train is, how it was measured, on what. Pure.
 */

import { formatBytes, formatInteger } from './format.js';
import { type Content, type Html, html } from './html-template.js';
import type { BenchmarkResult, ResultConfig } from './result.js';

export interface LegendItem {
  /** Class of the swatch: see html-style. */
  readonly tone: string;
  readonly text: string;
}

export function legend(items: readonly LegendItem[]): Html {
  const lines = items.map(
    (item) => html`<li><i class="${item.tone}"></i>${item.text}</li>
`,
  );
  return html`<ul class="legend">
${lines}</ul>`;
}

export function aboutTrains(): Html {
  return html`<section class="card" id="trains">
<h2>What a train is, and why it matters</h2>
<p>A UDP program usually gives the kernel one datagram at a time and gets one at a time back. What that costs hardly depends on the size: a system call, a route, queues, a wake-up, and in JavaScript a few objects, for each datagram again.</p>
<div class="trains">
<figure>${oneByOne()}<figcaption>One at a time: eight datagrams, eight trips through the kernel.</figcaption></figure>
<figure>${asTrain()}<figcaption>As a train: eight datagrams, one trip. They are still eight datagrams when they arrive.</figcaption></figure>
</div>
<p>A <strong>train</strong> is a row of equally long datagrams for one destination, handed over as one buffer. Linux carries it through its network stack as if it were one packet and cuts it up at the very end: that is <strong>GSO</strong> (generic segmentation offload, <code>UDP_SEGMENT</code>). <strong>GRO</strong> (generic receive offload, <code>UDP_GRO</code>) is the same thing on the receiving side. <strong>sendmmsg</strong> and <strong>recvmmsg</strong> move several messages in one system call; a message can be a single datagram or a whole train.</p>
<p>On the wire nothing changes: every datagram is an ordinary one, and any UDP program can be at the other end.</p>
</section>`;
}

const BOXES = [0, 1, 2, 3, 4, 5, 6, 7];

function oneByOne(): Html {
  const boxes = BOXES.map((i) => {
    const y = 4 + i * 12;
    return html`<rect class="burstwire" x="20" y="${y}" width="34" height="9" rx="2"/><path class="wire" d="M60 ${y + 4.5} H326"/><path class="head" d="M326 ${y + 0.5} l9 4 l-9 4 z"/><rect class="burstwire" x="342" y="${y}" width="34" height="9" rx="2"/>`;
  });
  return picture('Eight boxes cross a wall one by one', boxes);
}

function asTrain(): Html {
  const cars = (x: number): Content =>
    BOXES.map(
      (i) => html`<rect class="burstwire" x="${x + i * 15}" y="45" width="13" height="17" rx="2"/>`,
    );
  return picture(
    'Eight boxes coupled together cross a wall at once',
    html`${cars(4)}<path class="wire" d="M130 53.5 H254"/><path class="head" d="M254 48 l11 5.5 l-11 5.5 z"/>${cars(274)}`,
  );
}

function picture(title: string, content: Content): Html {
  return html`<svg viewBox="0 0 400 106" role="img" aria-label="${title}"><rect class="wall" x="188" y="0" width="14" height="104" rx="3"/>${content}</svg>`;
}

export function aboutMethod(result: BenchmarkResult): Html {
  const { config } = result;
  const counted =
    config.verifiedBy === null
      ? html`They could not be confirmed by other means here (${config.verifiedByReason ?? 'no tool'}).`
      : html`In a separate short pass <code>${config.verifiedBy}</code> counted them too: ${agreement(result)}. For node:dgram, which counts nothing, that pass is the source.`;
  return html`<section class="card" id="method">
<h2>How it was measured</h2>
<ul class="plain">
<li>Two processes for each case, a sender and a receiver, on UDP sockets of 127.0.0.1. This process waited meanwhile.</li>
<li>${config.rounds} rounds of ${config.seconds} s per row, interleaved: every row once, then every row again, in another order. Each case starts new processes and throws its first ${config.warmup} s away. Figures are medians over the rounds, ratios are formed round by round.</li>
<li>Each side measures over a window of its own clock. “Lost” compares everything sent with everything received. A sender that outruns its receiver loses datagrams: no row holds back, and nothing is resent.</li>
<li>CPU time is user and system time of one process. On loopback the kernel delivers a datagram within the sender’s system call, so the sender’s side carries most of the kernel’s work.</li>
<li>System calls are those that send or receive, counted by each program. ${counted}</li>
<li>Every receiver reads one byte of each datagram. All sockets ask for the same buffers, 4 MiB. node:dgram is used at its best: connected, 64 sends in flight, no name look-up.</li>
<li>Loopback shows what the software costs. Over a network the link sets the limit, and what is saved here is CPU time.</li>
</ul>
</section>`;
}

function agreement(result: BenchmarkResult): string {
  const compared = result.rows.filter((row) => typeof row.verification?.agrees === 'boolean');
  const agree = compared.filter((row) => row.verification?.agrees === true);
  return compared.length === 0
    ? 'there was nothing to compare'
    : `both agreed within 1 % in ${agree.length} of ${compared.length} rows`;
}

/** All that is said of the machine. */
interface Machine extends Pick<BenchmarkResult, 'environment'> {
  readonly config: Pick<ResultConfig, 'pinned'>;
}

export function aboutMachine(result: Machine): Html {
  const { environment, config } = result;
  const cores = `${environment.cores} ${environment.cores === 1 ? 'core' : 'cores'}`;
  const lines: [string, Content][] = [
    [
      'Processor',
      `${environment.cpu}, ${cores}${environment.virtualized === true ? ', virtual machine' : ''}`,
    ],
    ['Memory', formatBytes(environment.memoryBytes)],
    ['Kernel', `${environment.platform} ${environment.kernel}`],
    ['Node', environment.node],
    ['burstwire', `${environment.burstwire}, ${environment.commit ?? 'commit unknown'}`],
    ['Engine', [environment.engine, environment.engineReasons.map((reason) => `; ${reason}`)]],
    ['Compiler', environment.compiler ?? 'none: no C++ rows'],
    [
      'Kernel settings',
      Object.entries(environment.sysctls)
        .map(([name, value]) => `${name} = ${value === null ? '?' : formatInteger(Number(value))}`)
        .join(', '),
    ],
    [
      'Cores',
      config.pinned === null
        ? 'left to the scheduler'
        : `sender bound to core ${config.pinned[0]}, receiver to core ${config.pinned[1]}`,
    ],
    ['Load before', environment.loadAverage.toFixed(2)],
  ];
  const items = lines.map(
    ([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>
`,
  );
  return html`<section class="card" id="machine">
<h2>What it was measured on</h2>
<dl>
${items}</dl>
</section>`;
}
