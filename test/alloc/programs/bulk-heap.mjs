// Two endpoints of the core in one process, packets handed over in memory: how many bytes of JavaScript heap does one
// packet cost, both sides together? Run with --expose-gc and a young generation that no collection interrupts.
// Prints one line of JSON: { packets, bytesPerPacket }.
import { LENGTH, REMOTE, ROW_SHIFT } from '../../../dist/batch/layout.js';
import { PacketBatch } from '../../../dist/batch/packet-batch.js';
import { DEFAULT_CONFIG } from '../../../dist/core/config.js';
import { Endpoint } from '../../../dist/core/endpoint/endpoint.js';
import { EVENT_CONNECTED, EVENT_READABLE, EVENT_WRITABLE } from '../../../dist/core/event-ring.js';
import { openPrimitives } from '../../../dist/crypto/choose-primitives.js';
import { openProtection } from '../../../dist/crypto/choose-protection.js';
import { generateIdentity } from '../../../dist/crypto/identity.js';
import { systemRandom } from '../../../dist/crypto/random.js';
import { openMemory } from '../../../dist/io/memory.js';

const WARM_UP_PACKETS = 400_000;
const PACKETS = 200_000;
const STEP_US = 200;
const chunk = new Uint8Array(64 * 1024);
let nowUs = 0;

function open(identity) {
  return new Endpoint({
    config: { ...DEFAULT_CONFIG, maxDatagramSize: 1452 },
    protection: openProtection().protection,
    primitives: openPrimitives().primitives,
    random: systemRandom,
    memory: openMemory(),
    addresses: {
      sourceOf: (peer) => ({ address: Uint8Array.of(192, 0, 2, peer), port: 4433, peer }),
      pin() {},
      unpin() {},
    },
    identity,
    nowUs,
    epochUs: 1e15,
  });
}

const identity = generateIdentity();
const sender = open(generateIdentity());
const receiver = open(identity);
const batch = new PacketBatch(256 << 10, 1024);
let stream;
let received = 0;
const borrower = (_bytes, _offset, byteLength) => {
  received += byteLength;
};

function fill() {
  while (stream.hasRoom) stream.write(chunk);
}

function dispatch({ events }) {
  while (events.take()) {
    if (events.kind === EVENT_CONNECTED) {
      stream = events.subject.openStream(true);
      fill();
    } else if (events.kind === EVENT_WRITABLE) {
      fill();
    } else if (events.kind === EVENT_READABLE) {
      events.subject.borrow(borrower);
      events.subject.deliver();
    }
  }
}

/** All that one side has to send goes to the other, in the batch in which it was sealed. Returns datagrams. */
function carry(from, to, peer) {
  let datagrams = 0;
  for (let turns = 0; turns < 8 && from.transmit(batch, nowUs) > 0; turns++) {
    for (let row = 0; row < batch.length; row++) batch.rows[(row << ROW_SHIFT) + REMOTE] = peer;
    if (batch.rows[LENGTH] > 0) to.receive(batch, nowUs);
    datagrams += batch.length;
    dispatch(to);
    to.endTurn();
  }
  return datagrams;
}

function run(packets) {
  let datagrams = 0;
  let steps = 0;
  while (datagrams < packets) {
    if (steps++ > 10 * packets) throw new Error('nothing moves');
    nowUs += STEP_US;
    if (sender.deadlineUs <= nowUs) sender.onTimer(nowUs);
    if (receiver.deadlineUs <= nowUs) receiver.onTimer(nowUs);
    datagrams += carry(sender, receiver, 1);
    datagrams += carry(receiver, sender, 2);
  }
  return datagrams;
}

sender.connect({ peer: 2, remoteStatic: identity.publicKey }, nowUs);
run(WARM_UP_PACKETS);
globalThis.gc();
globalThis.gc();
const before = process.memoryUsage().heapUsed;
const packets = run(PACKETS);
const bytesPerPacket = (process.memoryUsage().heapUsed - before) / packets;
if (received < PACKETS * 1000) throw new Error(`only ${received} bytes have come`);
process.stdout.write(`${JSON.stringify({ packets, bytesPerPacket })}\n`);
