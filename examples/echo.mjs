// An echo server and a client, in one process, over loopback: each datagram comes back to where it came from.
// Run: node examples/echo.mjs
import { bind } from 'burstwire/udp';

const server = await bind({ address: '127.0.0.1' });
const replies = server.createSendBatch();
server.on('batch', (batch) => {
  for (let i = 0; i < batch.length; i++) {
    // The batch is borrowed until this listener returns, so its bytes are copied into the replies.
    replies.reserve(batch.byteLength(i), batch.remote(i)).set(batch.payload(i));
  }
  replies.flush();
});

const client = await bind({ address: '127.0.0.1' });
const sent = ['one', 'two', 'three'];
const text = new TextDecoder();
let seen = 0;
client.on('batch', (batch) => {
  for (let i = 0; i < batch.length; i++) console.log(`echo: ${text.decode(batch.payload(i))}`);
  seen += batch.length;
  if (seen === sent.length) Promise.all([client.close(), server.close()]);
});
client.sendBatch(
  sent.map((word) => new TextEncoder().encode(word)),
  server.address,
);
