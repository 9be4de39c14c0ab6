// A DNS server for one zone: every name below example.test has the address 192.0.2.1. Written for node:dgram; its import is
// all that differs.
// Run: node examples/dns-server.mjs 5353, then: dig @127.0.0.1 -p 5353 www.example.test
import dgram from 'burstwire/dgram';

const HEADER_BYTES = 12;
const TYPE_A = 1;
const CLASS_IN = 1;
// Name (a pointer to the question), type, class, 60 seconds to live, 4 bytes of address.
const ANSWER = Buffer.from([
  0xc0,
  HEADER_BYTES,
  0,
  TYPE_A,
  0,
  CLASS_IN,
  0,
  0,
  0,
  60,
  0,
  4,
  192,
  0,
  2,
  1,
]);
const ZONE = Buffer.from('\x07example\x04test\x00', 'latin1');

const server = dgram.createSocket('udp4');

server.on('message', (query, client) => {
  const end = endOfQuestion(query);
  // Not a question, or more than one: nothing that this server could answer.
  if (end === 0) return;
  const type = query.readUInt16BE(end - 4);
  const name = query.subarray(HEADER_BYTES, end - 4);
  const isKnown = name.length >= ZONE.length && name.subarray(-ZONE.length).equals(ZONE);
  const answers = isKnown && type === TYPE_A ? [ANSWER] : [];
  const reply = Buffer.concat([query.subarray(0, end), ...answers]);
  // A response, authoritative; NXDOMAIN (3) for what is not of the zone (RFC 1035 section 4.1.1).
  reply.writeUInt16BE(0x8400 | (query.readUInt16BE(2) & 0x0100) | (isKnown ? 0 : 3), 2);
  reply.writeUInt16BE(answers.length, 6);
  reply.writeUInt32BE(0, 8);
  server.send(reply, client.port, client.address);
});

server.bind(Number(process.argv[2] ?? 5353), '127.0.0.1', () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});

/** Where the question ends; 0 when this is no query with one question. */
function endOfQuestion(query) {
  if (query.length < HEADER_BYTES || (query[2] & 0xf8) !== 0 || query.readUInt16BE(4) !== 1)
    return 0;
  let at = HEADER_BYTES;
  while (at < query.length && query[at] !== 0) {
    if (query[at] > 63) return 0;
    at += query[at] + 1;
  }
  return at + 5 <= query.length ? at + 5 : 0;
}
