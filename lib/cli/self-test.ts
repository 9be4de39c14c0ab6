/**
 * Sends a train of datagrams to itself over loopback and says what happened: the one proof that engine, offloads and
 * permissions work together. Opens one socket and closes it again.
 *
 * Called by `burstwire doctor`. Never throws: what goes wrong is part of the answer.
 */

import { bind } from '../udp.js';

export interface SelfTest {
  readonly ok: boolean;
  readonly engine: string | null;
  readonly sent: number;
  readonly received: number;
  /** Every payload came back as it was sent. */
  readonly intact: boolean;
  readonly sendCalls: number;
  readonly receiveCalls: number;
  /** Kernel messages that carried more than one datagram. */
  readonly trainsSent: number;
  readonly segmentsReceived: number;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  /** Why it did not work. */
  readonly error?: string;
}

export const SELF_TEST_DATAGRAMS = 16;
export const SELF_TEST_BYTES = 1200;
const PATIENCE_MS = 2000;

const NOTHING: SelfTest = {
  ok: false,
  engine: null,
  sent: 0,
  received: 0,
  intact: false,
  sendCalls: 0,
  receiveCalls: 0,
  trainsSent: 0,
  segmentsReceived: 0,
  receiveBufferSize: 0,
  sendBufferSize: 0,
};

/** @param engine which is named: of one that is only fallen back to there would be a warning, in another's words */
export async function runSelfTest(engine: 'native' | 'dgram'): Promise<SelfTest> {
  try {
    return await sendToItself(engine);
  } catch (error) {
    return { ...NOTHING, error: (error as Error).message };
  }
}

async function sendToItself(engine: 'native' | 'dgram'): Promise<SelfTest> {
  const socket = await bind({ address: '127.0.0.1', engine });
  // By number: node:dgram of Deno lets datagrams overtake each other, as every network may.
  const seen = new Set<number>();
  let received = 0;
  let intact = true;
  try {
    const arrived = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS);
      socket.on('batch', (batch) => {
        for (let i = 0; i < batch.length; i++) {
          const payload = batch.payload(i);
          intact &&= payload.length === SELF_TEST_BYTES && payload[0] < SELF_TEST_DATAGRAMS;
          intact &&= !seen.has(payload[0]);
          seen.add(payload[0]);
          received++;
        }
        if (received < SELF_TEST_DATAGRAMS) return;
        clearTimeout(timer);
        resolve();
      });
    });
    const bytes = new Uint8Array(SELF_TEST_DATAGRAMS * SELF_TEST_BYTES);
    for (let i = 0; i < SELF_TEST_DATAGRAMS; i++) bytes[i * SELF_TEST_BYTES] = i;
    const sent = socket.sendSegments(bytes, SELF_TEST_BYTES, socket.address);
    if (sent > 0) await arrived;
    const stats = socket.stats();
    return {
      ok: sent === SELF_TEST_DATAGRAMS && received === sent && intact,
      engine: socket.engine.name,
      sent,
      received,
      intact,
      sendCalls: stats.sendCalls,
      receiveCalls: stats.receiveCalls,
      trainsSent: stats.trainsSent,
      segmentsReceived: stats.segmentsReceived,
      receiveBufferSize: stats.receiveBufferSize,
      sendBufferSize: stats.sendBufferSize,
    };
  } finally {
    await socket.close();
  }
}
