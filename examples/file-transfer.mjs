// Sends a file to another process, with progress, and compares SHA-256 at the end.
//
//   node examples/file-transfer.mjs demo [BYTES]         both sides over loopback; default 1 GB
//   node examples/file-transfer.mjs receive FOLDER       prints a ticket: address, port and public key
//   node examples/file-transfer.mjs send FILE TICKET
//
// The stream carries one line of JSON (name, size) and the bytes; what comes back is the receiver's SHA-256.
import { spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Endpoint, generateIdentity } from 'burstwire';

const CHUNK_BYTES = 256 * 1024;

/** Hashes what passes, and shows how far it is. */
class Progress extends Transform {
  hash = createHash('sha256');
  bytes = 0;
  #shown = 0;
  #started = performance.now();

  constructor(label, total) {
    super({ highWaterMark: 4 * CHUNK_BYTES });
    this.label = label;
    this.total = total;
  }

  _transform(bytes, _encoding, callback) {
    this.hash.update(bytes);
    this.bytes += bytes.length;
    if (performance.now() - this.#shown > 250 || this.bytes === this.total) this.#show();
    callback(null, bytes);
  }

  #show() {
    this.#shown = performance.now();
    const seconds = (this.#shown - this.#started) / 1000;
    const percent = this.total === 0 ? 100 : (100 * this.bytes) / this.total;
    const rate = this.bytes / 1e6 / seconds;
    process.stderr.write(`\r${this.label} ${percent.toFixed(1)} %  ${rate.toFixed(0)} MB/s   `);
    if (this.bytes === this.total) process.stderr.write('\n');
  }
}

async function receive(folder) {
  const identity = generateIdentity();
  const endpoint = await Endpoint.bind({ address: '127.0.0.1', identity });
  const key = Buffer.from(identity.publicKey).toString('hex');
  console.log(`ticket ${endpoint.address.address}:${endpoint.address.port}:${key}`);
  for await (const connection of endpoint) {
    for await (const stream of connection.streams()) {
      const { name, size } = await readHeader(stream);
      const path = join(folder, basename(name));
      const progress = new Progress(`receiving ${basename(name)}`, size);
      await pipeline(
        stream,
        progress,
        createWriteStream(path, { highWaterMark: 4 * CHUNK_BYTES }),
        {
          end: true,
        },
      ).catch((error) => console.error(`receiving ${name} failed: ${error.message}`));
      stream.end(progress.hash.digest('hex'));
      console.log(`received ${path} (${progress.bytes} bytes)`);
      await connection.closed;
      await endpoint.close();
      return;
    }
  }
}

/** The line of JSON in front of the bytes. What follows it goes back into the stream. */
async function readHeader(stream) {
  let head = Buffer.alloc(0);
  for (;;) {
    const bytes = stream.read();
    if (bytes === null) {
      await new Promise((resolve) => stream.once('readable', resolve));
      continue;
    }
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf('\n');
    if (end < 0) continue;
    if (end + 1 < head.length) stream.unshift(head.subarray(end + 1));
    return JSON.parse(head.subarray(0, end));
  }
}

async function send(path, ticket) {
  const [address, port, key] = ticket.split(':');
  const { size } = await stat(path);
  const endpoint = await Endpoint.bind({ address: '127.0.0.1' });
  const connection = await endpoint.connect({
    address,
    port: Number(port),
    publicKey: Buffer.from(key, 'hex'),
  });
  const stream = connection.openStream();
  stream.write(`${JSON.stringify({ name: basename(path), size })}\n`);
  const progress = new Progress(`sending ${basename(path)}`, size);
  await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), progress, stream, {
    end: true,
  });
  const ours = progress.hash.digest('hex');
  let theirs = '';
  for await (const bytes of stream) theirs += bytes;
  await connection.close();
  await endpoint.close();
  if (ours !== theirs) throw new Error(`SHA-256 differs: ${ours} here, ${theirs} there`);
  console.log(`sent ${size} bytes, SHA-256 equal: ${ours}`);
}

async function makeFile(path, size) {
  const file = await open(path, 'w');
  const block = Buffer.alloc(8 << 20);
  for (let written = 0; written < size; written += block.length) {
    randomFillSync(block);
    await file.write(block, 0, Math.min(block.length, size - written));
  }
  await file.close();
}

async function demo(size) {
  const folder = await mkdtemp(join(tmpdir(), 'burstwire-file-'));
  const path = join(folder, 'original');
  const inbox = await mkdtemp(join(folder, 'inbox-'));
  try {
    await makeFile(path, size);
    const run = (...args) =>
      spawn(process.execPath, [import.meta.filename, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const receiver = run('receive', inbox);
    const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
    const ticket = (await lines.next()).value.split(' ')[1];
    const sender = run('send', path, ticket);
    sender.stdout.pipe(process.stdout);
    const codes = await Promise.all(
      [sender, receiver].map((child) => new Promise((resolve) => child.on('close', resolve))),
    );
    process.exitCode = codes.find((code) => code !== 0) ?? 0;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const [mode, first, second] = process.argv.slice(2);
if (mode === 'receive' && first) await receive(first);
else if (mode === 'send' && second) await send(first, second);
else if (mode === 'demo') await demo(Number(first ?? 1e9));
else {
  console.error('usage: file-transfer.mjs demo [BYTES] | receive FOLDER | send FILE TICKET');
  process.exitCode = 2;
}
