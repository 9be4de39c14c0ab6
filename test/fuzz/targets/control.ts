/**
 * A peer that has the keys and no manners: packets whose payload is anything, one behind the other. The connection goes
 * on or ends with a code; nothing throws, and in the end nothing is left of it.
 *
 * An input is packets: a byte that says how long the payload is, times four, and the payload.
 */

import { anyFrame, encode } from '../../support/any-frame.js';
import { sampled } from '../samples.js';
import { must, type Target } from '../target.js';
import { Victim } from '../victim.js';

const PACKETS_MAX = 16;

function payloadsOf(input: Uint8Array): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < input.length && payloads.length < PACKETS_MAX; ) {
    const end = at + 1 + 4 * input[at];
    payloads.push(input.subarray(at + 1, end));
    at = end;
  }
  return payloads;
}

/** A small frame as a packet of such an input. */
function packetOf(frame: Uint8Array): Uint8Array {
  const length = Math.ceil(frame.length / 4);
  const packet = new Uint8Array(1 + 4 * length);
  packet[0] = length;
  packet.set(frame, 1);
  return packet;
}

export const control: Target = {
  name: 'control',
  maxBytes: 2000,
  seeds: () =>
    sampled(anyFrame, 60)
      .map((frame) => encode(frame))
      .filter(({ length }) => length < 200)
      .map(packetOf),
  run: (input) => playControl(input, new Victim()),
};

/** Sends a victim the packets of an input, and lets it come to rest. */
export function playControl(input: Uint8Array, victim: Victim): void {
  for (const payload of payloadsOf(input)) {
    const packet = victim.seal(payload);
    if (packet !== undefined) victim.receive([packet]);
    const { connection } = victim;
    if (connection === undefined || connection.phase === 'open') continue;
    must(connection.closed !== undefined, 'it ends, and nothing says why');
    must(connection.closed?.origin !== 'idle', 'it ends by itself');
  }
  victim.rest();
}
