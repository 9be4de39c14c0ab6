// Four shards in worker threads or in processes of a cluster, clients behind NATs that forget, and a killer. Prints what it
// saw as JSON. Run: node test/integration/shards/main.mjs threads|processes
import cluster from 'node:cluster';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Endpoint, generateIdentity, ShardGroup } from 'burstwire';

const mode = process.argv[2];
const SHARDS = 4;
const HOST = '127.0.0.1';
const file = new URL('worker.mjs', import.meta.url);
const identity = generateIdentity();
const group = await ShardGroup.bind({ address: HOST, count: SHARDS });
const workers = [];

const starters = {
  threads: async (index) => {
    const workerData = { bind: group.bindOptions(index), privateKey: identity.privateKey };
    return new Worker(file, { workerData });
  },
  processes: async (index) => {
    const stdio = ['inherit', 'inherit', 'inherit', 'ipc', group.descriptor(index)];
    cluster.setupPrimary({ exec: fileURLToPath(file), stdio });
    // The fifth of `stdio` is descriptor 4 over there.
    const given = { bind: group.bindOptions(index, 4), privateKey: [...identity.privateKey] };
    return cluster.fork({ SHARD: JSON.stringify(given) });
  },
};

async function start(index) {
  const worker = await starters[mode](index);
  await once(worker, 'message');
  workers[index] = worker;
}

async function kill(index) {
  const worker = workers[index];
  const gone = once(worker, 'exit');
  if (mode === 'threads') worker.terminate();
  else worker.process.kill('SIGKILL');
  await gone;
}

async function ask(worker) {
  const answer = once(worker, 'message');
  if (mode === 'threads') worker.postMessage('stats');
  else worker.send('stats');
  return (await answer)[0];
}

/** A NAT between a client and the server. */
class Nat {
  #inside = createSocket('udp4');
  #outside;
  #client = 0;
  #isClosed = false;

  /** @param home the port that it sends from at first; 0: any */
  async open(home) {
    this.#inside.on('message', (bytes, { port }) => {
      this.#client = port;
      if (!this.#isClosed) this.#outside.send(bytes, group.address.port, HOST);
    });
    this.#inside.bind(0, HOST);
    await once(this.#inside, 'listening');
    await this.rebind(home);
    this.home = this.#outside.address().port;
    return this.#inside.address().port;
  }

  /** What the client sends leaves from another port from now on. */
  async rebind(to = 0) {
    const next = createSocket('udp4').bind(to, HOST);
    await once(next, 'listening');
    next.on('message', (bytes) => {
      if (!this.#isClosed) this.#inside.send(bytes, this.#client, HOST);
    });
    this.#outside?.close();
    this.#outside = next;
  }

  close() {
    this.#isClosed = true;
    this.#inside.close();
    this.#outside.close();
  }
}

/** One client with one connection; sends a message, waits for its echo, and again. */
class Client {
  echoes = 0;
  closed = undefined;
  wrong = [];
  shard = -1;
  nat = new Nat();
  #endpoint;

  async open(home = 0) {
    const port = await this.nat.open(home);
    this.#endpoint = await Endpoint.bind({ address: HOST });
    this.connection = await this.#endpoint.connect({
      address: HOST,
      port,
      publicKey: identity.publicKey,
    });
    this.shard = (await this.#echo(0))[0];
    this.#run().catch(() => undefined);
    this.connection.closed.then((closed) => {
      this.closed = closed;
    });
    return this;
  }

  async #echo(number) {
    const answer = once(this.connection, 'message');
    await this.connection.sendMessage(Buffer.alloc(1000, number % 251));
    return (await answer)[0];
  }

  async #run() {
    for (let number = 1; ; number++) {
      await sleep(5);
      const bytes = await this.#echo(number);
      this.echoes++;
      const isRight = bytes[0] === this.shard && bytes.length === 1001 && bytes[1] === number % 251;
      if (!isRight) this.wrong.push([...bytes.subarray(0, 2)]);
    }
  }

  async close() {
    await this.#endpoint.close();
    this.nat.close();
  }
}

/** Opens clients until each shard has one; they are in the order of shards. */
async function reachAll() {
  const clients = [];
  for (let tries = 0; tries < 100 && clients.filter(Boolean).length < SHARDS; tries++) {
    const client = await new Client().open();
    if (clients[client.shard] === undefined) clients[client.shard] = client;
    else await client.close();
  }
  return clients;
}

/** Until all of them have echoed on. */
async function goOn(clients, echoes = 5) {
  const marks = clients.map((client) => client.echoes);
  for (let tries = 0; tries < 1000; tries++) {
    if (clients.every((client, at) => client.echoes >= marks[at] + echoes)) return true;
    await sleep(10);
  }
  return false;
}

const seen = { mode, isSteered: group.isSteered, rounds: [] };
for (let index = 0; index < SHARDS; index++) await start(index);
const clients = await reachAll();
for (let index = 0; index < SHARDS; index++) {
  const hit = clients[index];
  const others = clients.filter((client) => client !== hit);
  await kill(index);
  const goesOnWithout = await goOn(others);
  await start(index);
  // The next packet finds the new worker, which knows nothing of the connection.
  hit.connection.sendDatagram(new Uint8Array(100));
  const { origin } = await hit.connection.closed;
  await hit.close();
  for (const client of others) await client.nat.rebind();
  const goesOnMoved = await goOn(others);
  const othersClosed = others.filter((client) => client.closed !== undefined).length;
  // From the same port the same shard is reached: the group is what it was.
  clients[index] = await new Client().open(hit.nat.home);
  const wrong = clients.flatMap((client) => client.wrong);
  const { shard } = clients[index];
  seen.rounds.push({ goesOnWithout, goesOnMoved, origin, othersClosed, shard, wrong });
}
seen.workers = [];
for (const worker of workers) seen.workers.push(await ask(worker));
console.log(JSON.stringify(seen));
process.exit(0);
