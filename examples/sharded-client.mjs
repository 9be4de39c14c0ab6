// Clients of examples/sharded-server.mjs: each from a port of its own, so that they are spread over the workers.
// Run: node examples/sharded-client.mjs PORT PUBLIC-KEY [clients]
import { Endpoint } from 'burstwire';

const [port, key = '', clients = '8'] = process.argv.slice(2);
const publicKey = new Uint8Array(Buffer.from(key, 'hex'));

async function run(name) {
  const client = await Endpoint.bind();
  const connection = await client.connect({ address: '127.0.0.1', port: Number(port), publicKey });
  const stream = connection.openStream();
  stream.end(`hello from client ${name}`);
  let text = '';
  for await (const bytes of stream) text += bytes;
  console.log(text);
  // Long enough to be seen in the server's list.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await client.close();
}

await Promise.all(Array.from({ length: Number(clients) }, (_, index) => run(index + 1)));
