// An echo server and a client of the secure transport, in one process, over loopback: a stream comes back as it went.
// Run: node examples/secure-echo.mjs
import { Endpoint, generateIdentity } from 'burstwire';

const identity = generateIdentity();
const server = await Endpoint.bind({ address: '127.0.0.1', identity });
server.on('connection', (connection) => {
  connection.on('stream', (stream) => stream.pipe(stream));
});

const client = await Endpoint.bind({ address: '127.0.0.1' });
const connection = await client.connect({
  address: '127.0.0.1',
  port: server.address.port,
  publicKey: identity.publicKey,
});
const stream = connection.openStream();
stream.end('one\ntwo\nthree\n');

let text = '';
for await (const bytes of stream) text += bytes;
process.stdout.write(text.replace(/^/gm, 'echo: ').replace(/echo: $/, ''));

await connection.close({ reason: 'done' });
await Promise.all([client.close(), server.close()]);
