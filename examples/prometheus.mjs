// Figures of an endpoint for Prometheus: HTTP GET /metrics in the text format 0.0.4.
// Run: node examples/prometheus.mjs [port of HTTP, default 9464], or `once` to print the figures and end.
import { createServer } from 'node:http';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Endpoint } from 'burstwire';

/** What goes up and down; everything else that stats() has only rises. */
const GAUGES = new Set(['connections', 'receiveBufferSize', 'sendBufferSize']);
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const escaped = (value) => value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));

/** One metric: `samples` are [labels, value]; labels as an object. */
function metric(name, type, help, samples) {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return `${name}${pairs.length > 0 ? `{${pairs}}` : ''} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

/** Every number of an object of counters; an object inside is one metric with a label. */
function counters(prefix, labels, stats, labelOf) {
  return Object.entries(stats).flatMap(([key, value]) => {
    const name = `${prefix}_${snake(key)}`;
    const help = `${key} of stats(), see docs/diagnostics.md`;
    if (typeof value === 'number') {
      if (GAUGES.has(key)) return metric(name, 'gauge', help, [[labels, value]]);
      return metric(`${name}_total`, 'counter', help, [[labels, value]]);
    }
    const label = labelOf[key];
    if (label === undefined) return [];
    const samples = Object.entries(value).map(([text, count]) => [
      { ...labels, [label]: text },
      count,
    ]);
    return metric(`${name}_total`, 'counter', help, samples);
  });
}

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let busyBefore = performance.eventLoopUtilization();

/** The event loop of this process: how busy it was since the last time, and by how much its timers are late. */
function eventLoop() {
  const now = performance.eventLoopUtilization();
  const { utilization } = performance.eventLoopUtilization(now, busyBefore);
  busyBefore = now;
  const seconds = (nanoseconds) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
  const quantiles = [0.5, 0.99].map((quantile) => [
    { quantile: String(quantile) },
    seconds(delay.percentile(quantile * 100)),
  ]);
  const help = 'Time between two turns of the event loop since the last scrape.';
  const text = [
    metric('nodejs_eventloop_utilization', 'gauge', 'Share of time that was busy.', [
      [{}, utilization],
    ]),
    metric('nodejs_eventloop_delay_seconds', 'gauge', help, quantiles),
  ];
  delay.reset();
  return text;
}

/** The text of one scrape. */
function exposition(endpoint) {
  const { address, port } = endpoint.address;
  const labels = { endpoint: `${address}:${port}` };
  const { socket, ...stats } = endpoint.stats();
  return [
    ...counters('burstwire_endpoint', labels, stats, { handshakes: 'outcome' }),
    ...counters('burstwire_socket', labels, socket, { errors: 'code' }),
    ...eventLoop(),
  ].join('');
}

// Something to look at: an echo server, and a client that sends it a message ten times a second.
const server = await Endpoint.bind({ address: '127.0.0.1' });
server.on('connection', (connection) => {
  connection.on('message', (bytes) => connection.sendMessage(bytes).catch(() => {}));
});
const client = await Endpoint.bind({ address: '127.0.0.1' });
const { address, port } = server.address;
const connection = await client.connect({ address, port, publicKey: server.publicKey });
connection.on('message', () => {});
await connection.sendMessage(Buffer.alloc(10_000));

const argument = process.argv[2] ?? '9464';
if (argument === 'once') {
  process.stdout.write(exposition(server));
  await Promise.all([client.close(), server.close()]);
} else {
  const traffic = setInterval(
    () => connection.sendMessage(Buffer.alloc(10_000)).catch(() => {}),
    100,
  );
  const http = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end('GET /metrics\n');
      return;
    }
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(exposition(server));
  });
  http.listen(Number(argument), '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${http.address().port}/metrics`);
  });
  const stop = async () => {
    clearInterval(traffic);
    http.close();
    http.closeAllConnections();
    await Promise.all([client.close(), server.close()]);
    delay.disable();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
}
