/**
 * Datagrams of a stranger into an endpoint with a live connection: each is classified and counted once, none harms the
 * connection.
 *
 * An input is datagrams: two bytes of length and the bytes; where the length has its top bit, the first byte and the
 * connection id of a genuine packet stand in front.
 */

import { must, type Target } from '../target.js';
import { Victim } from '../victim.js';

const DATAGRAMS_MAX = 12;

function datagramsOf(input: Uint8Array, genuine: Uint8Array): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  for (let at = 0; at + 1 < input.length && datagrams.length < DATAGRAMS_MAX; ) {
    const isLikeOurs = input[at] >= 0x80;
    const end = at + 2 + Math.min(((input[at] & 0x7f) << 8) | input[at + 1], 1300);
    const bytes = input.subarray(at + 2, end);
    datagrams.push(isLikeOurs ? Uint8Array.from([...genuine.subarray(0, 9), ...bytes]) : bytes);
    at = end;
  }
  return datagrams;
}

export const datagrams: Target = {
  name: 'datagrams',
  maxBytes: 4000,
  seeds: () => [
    Uint8Array.of(0, 0),
    Uint8Array.of(0x80, 30, ...new Uint8Array(30)),
    Uint8Array.of(0, 40, 0x40, ...new Uint8Array(39)),
    Uint8Array.of(4, 0xb0, 0x81, 0x62, 0x77, 0, 1, ...new Uint8Array(1195)),
    Uint8Array.of(0, 77, 0x84, 0x62, 0x77, 0, 1, ...new Uint8Array(72)),
  ],
  run(input) {
    const victim = new Victim();
    const { counts } = victim.party.endpoint;
    const total = (): number =>
      counts.receivedPackets +
      counts.receivedHandshakes +
      counts.droppedDuplicate +
      counts.droppedTooOld +
      counts.droppedForged +
      counts.droppedUnknownConnection +
      counts.droppedMalformed +
      counts.droppedNoKey;
    const before = total();
    const opened = counts.receivedPackets;
    const list = datagramsOf(input, victim.seal(Uint8Array.of(1))!);
    victim.receive(list);
    must(total() === before + list.length, `${total() - before} of ${list.length} are counted`);
    must(counts.receivedPackets === opened, 'a packet that nobody sealed was opened');
    must(victim.connection?.phase === 'open', 'a stranger has ended the connection');
    victim.rest();
  },
};
