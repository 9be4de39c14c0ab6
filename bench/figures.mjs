// node bench/figures.mjs RESULT.json FILE.md...: writes the figures of a benchmark run into Markdown, between markers.
//
// No figure in the documents is typed by hand. `figures` markers get the headline and the first table, `results` markers
// everything. Files without markers are refused, so that a misspelt name is noticed.

import { readFileSync, writeFileSync } from 'node:fs';

const MARKERS = { figures: shortFigures, results: allFigures };

function main([resultFile, ...files]) {
  if (resultFile === undefined || files.length === 0) {
    console.error('usage: node bench/figures.mjs RESULT.json FILE.md...');
    return 2;
  }
  const result = JSON.parse(readFileSync(resultFile, 'utf8'));
  if (result.format !== 'burstwire-benchmark' || result.version !== 1) {
    console.error(`${resultFile} is not a result of 'burstwire bench --json'`);
    return 2;
  }
  let failures = 0;
  for (const file of files) {
    const before = readFileSync(file, 'utf8');
    let after = before;
    let found = 0;
    for (const [name, render] of Object.entries(MARKERS)) {
      const pattern = new RegExp(`(<!-- ${name}:begin -->\n)[^]*?(<!-- ${name}:end -->)`);
      if (!pattern.test(after)) continue;
      found++;
      after = after.replace(pattern, (_all, begin, end) => `${begin}${render(result)}${end}`);
    }
    if (found === 0) {
      console.error(`${file} has no markers`);
      failures++;
    } else if (after !== before) {
      writeFileSync(file, after);
      console.log(`wrote ${file}`);
    }
  }
  return failures === 0 ? 0 : 1;
}

function shortFigures(result) {
  const rows = result.rows.filter((row) => row.table === 'bulk');
  return `${headline(result)}\n\n${table('bulk', rows)}\n\n${machine(result)}\n`;
}

function allFigures(result) {
  const parts = result.tables.map((info) => {
    const rows = result.rows.filter((row) => row.table === info.id);
    return `### ${info.title}\n\n${about(info, result.config)}\n\n${table(info.id, rows)}`;
  });
  return `${headline(result)}\n\n${parts.join('\n\n')}\n\n${machine(result)}\n`;
}

function headline(result) {
  return result.headline.map((line) => `- **${line}**`).join('\n');
}

function about(info, config) {
  const size = info.id === 'many' ? config.smallSizeBytes : config.sizeBytes;
  const more = {
    bulk: '',
    many: `, ${config.destinations} destinations`,
    receive: `, ${count(config.offeredRate)} a second`,
  };
  return `${info.about} ${count(size)}-byte datagrams${more[info.id]}.`;
}

const count = (value) => Math.round(value).toLocaleString('en-US');
const short = (value) => Number(value.toPrecision(3)).toString();
const calls = (value) => (value < 0.1 ? value.toFixed(4) : value.toFixed(2));
const times = (estimate) => (estimate ? `${short(estimate.median)}x` : '');
const spread = ({ low, high }) => `${short(low)} to ${short(high)}`;

function callCell(row, side) {
  const own = row.figures[`${side}CallsPerDatagram`];
  if (own) return calls(own.median);
  const kernel = row.verification?.[`${side}CallsPerDatagram`];
  return kernel === undefined ? 'not available' : calls(kernel);
}

const SENT = ['sent/s', (row) => count(row.figures.sentPerSecond.median)];
const RECEIVED = ['received/s', (row) => count(row.figures.receivedPerSecond.median)];
const GBIT = ['Gbit/s', (row) => short(row.figures.gbitPerSecond.median)];
const CALLS = [
  'calls per datagram, send / receive',
  (row) => `${callCell(row, 'send')} / ${callCell(row, 'receive')}`,
];
const CPU = [
  'CPU µs per datagram, send / receive',
  (row) => `${short(row.figures.sendCpuUs.median)} / ${short(row.figures.receiveCpuUs.median)}`,
];
const LOST = ['lost', (row) => `${short(row.figures.lost.median * 100)} %`];
const RATIO = ['times node:dgram', (row) => times(row.figures.ratio)];
const RATIO_SPREAD = ['95 %', (row) => (row.figures.ratio ? spread(row.figures.ratio) : '')];
const OF_CEILING = ['of C++', (row) => row.figures.ofCeiling?.median.toFixed(2) ?? ''];

const COLUMNS = {
  bulk: [SENT, RECEIVED, GBIT, CALLS, CPU, LOST, RATIO, RATIO_SPREAD, OF_CEILING],
  many: [SENT, CALLS, CPU, LOST, RATIO, RATIO_SPREAD, OF_CEILING],
  receive: [RECEIVED, CALLS, CPU, LOST, RATIO, RATIO_SPREAD],
};

function table(id, rows) {
  const columns = COLUMNS[id];
  const lines = rows.map((row) => {
    if (row.figures === null) {
      const why = `not available: ${row.unavailable ?? 'no round succeeded'}`;
      return [row.name, why, ...columns.slice(1).map(() => '')];
    }
    return [row.name, ...columns.map(([, cell]) => cell(row))];
  });
  const heads = ['path', ...columns.map(([head]) => head)];
  const rule = heads.map((_, i) => (i === 0 ? '---' : '--:'));
  return [heads, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function machine({ environment, config, startedAt }) {
  const pinned = config.pinned === null ? '' : `, cores ${config.pinned.join(' and ')}`;
  const where = `${environment.cpu}, ${environment.cores} cores${environment.virtualized ? ' (virtual machine)' : ''}`;
  const what = `Linux ${environment.kernel}, Node ${environment.node}, commit ${environment.commit ?? 'unknown'}`;
  const how = `${config.rounds} rounds of ${config.seconds} s${pinned}`;
  return `Measured ${startedAt.slice(0, 10)} on ${where}; ${what}; ${how}: \`${environment.command}\`.`;
}

process.exitCode = main(process.argv.slice(2));
