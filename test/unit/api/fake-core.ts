/**
 * Streams and connections of the core without a core: tests say what the peer does, and read what was asked of it.
 *
 * They have what `lib/api` uses, and no more. Casts hide the private fields that the real classes have.
 */

import type { CloseInfo } from '../../../lib/core/connection/close-info.js';
import type { Connection as CoreConnection } from '../../../lib/core/connection/connection.js';
import type { Borrower, Stream as CoreStream } from '../../../lib/core/streams/stream.js';

export interface FakeStreamKind {
  readonly id?: number;
  readonly sends?: boolean;
  readonly receives?: boolean;
}

export class FakeStream {
  data: unknown = undefined;
  readonly id: number;
  readonly isLocal = true;
  readonly isUnidirectional: boolean;
  readonly sending: object | undefined;
  /** As of the core's ReceivePart: what the API looks at when the connection ends. */
  readonly receiving: { isComplete: boolean; highest: number; next: number } | undefined;
  /** What was written, the same objects. */
  readonly chunks: Uint8Array[] = [];
  written = 0;
  released = 0;
  /** Bytes that are buffered before `hasRoom` is false. */
  sendBuffer = Number.POSITIVE_INFINITY;
  isFinished = false;
  hasFin = false;
  urgency = 3;
  weight = 16;
  resetCode: number | undefined = undefined;
  stopCode: number | undefined = undefined;
  /** What waits to be read. */
  readonly incoming: Uint8Array[] = [];
  #borrower: Borrower | undefined = undefined;

  constructor({ id = 0, sends = true, receives = true }: FakeStreamKind = {}) {
    this.id = id;
    this.isUnidirectional = !sends || !receives;
    this.sending = sends ? {} : undefined;
    this.receiving = receives ? { isComplete: false, highest: 0, next: 0 } : undefined;
  }

  get core(): CoreStream {
    return this as unknown as CoreStream;
  }

  get buffered(): number {
    return this.written - this.released;
  }

  get hasRoom(): boolean {
    return this.buffered < this.sendBuffer;
  }

  get bytesReadable(): number {
    return this.incoming.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  }

  /** Whether the end was taken. */
  isEndTaken = false;

  takeEnd(): boolean {
    this.isEndTaken ||= this.receiving!.isComplete && this.bytesReadable === 0;
    return this.isEndTaken;
  }

  write(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.written += chunk.byteLength;
  }

  finish(): void {
    this.hasFin = true;
  }

  setPriority(urgency: number, weight: number): void {
    this.urgency = urgency;
    this.weight = weight;
  }

  reset(code: number): void {
    this.resetCode = code;
  }

  stop(code: number): void {
    this.stopCode = code;
    this.incoming.length = 0;
  }

  read(): Uint8Array | undefined {
    return this.incoming.shift();
  }

  borrow(borrower: Borrower | undefined): void {
    this.#borrower = borrower;
  }

  deliver(): void {
    if (this.#borrower === undefined) return;
    for (const chunk of this.incoming.splice(0)) this.#borrower(chunk, 0, chunk.byteLength);
  }

  /** The peer has sent that; EVENT_READABLE is up to the test. */
  arrive(...texts: string[]): void {
    for (const text of texts) {
      const bytes = Buffer.from(text);
      this.incoming.push(bytes);
      this.receiving!.next += bytes.length;
      this.receiving!.highest += bytes.length;
    }
  }

  /** The peer has acknowledged everything, and the end if there is one. */
  acknowledge(bytes = this.buffered): void {
    this.released += bytes;
    this.isFinished = this.hasFin && this.buffered === 0;
  }
}

export interface SentMessage {
  readonly bytes: Uint8Array;
  readonly token: unknown;
  readonly urgency: number;
}

export class FakeConnection {
  data: unknown = undefined;
  phase = 'open';
  isFinishing = false;
  closed: CloseInfo | undefined = undefined;
  readonly isInitiator = true;
  readonly remotePublicKey: Uint8Array = new Uint8Array(32).fill(1);
  readonly handshakeHash: Uint8Array = new Uint8Array(32).fill(2);
  maxDatagramPayload = 1170;
  /** What the next calls return. */
  messageResult = 0;
  datagramResult = 0;
  streamsLeft = Number.POSITIVE_INFINITY;
  readonly opened: FakeStream[] = [];
  readonly messages: SentMessage[] = [];
  readonly datagrams: Uint8Array[] = [];
  readonly closes: [code: number, reason: string, isGraceful: boolean][] = [];
  /** Sizes of the messages that the application has taken. */
  readonly taken: number[] = [];
  readonly streams = {
    onMessageTaken: (byteLength: number) => this.taken.push(byteLength),
  };

  get core(): CoreConnection {
    return this as unknown as CoreConnection;
  }

  openStream(isUnidirectional: boolean): FakeStream | undefined {
    if (this.streamsLeft-- <= 0) return undefined;
    const stream = new FakeStream({ id: 4 * this.opened.length, receives: !isUnidirectional });
    this.opened.push(stream);
    return stream;
  }

  sendMessage(bytes: Uint8Array, token: unknown, urgency: number): number {
    if (this.phase !== 'open' || this.isFinishing) return -3;
    if (this.messageResult === 0) this.messages.push({ bytes, token, urgency });
    return this.messageResult;
  }

  sendDatagram(bytes: Uint8Array): number {
    if (this.datagramResult === 0) this.datagrams.push(bytes);
    return this.datagramResult;
  }

  close(code: number, reason: string, isGraceful: boolean): void {
    this.isFinishing = true;
    this.closes.push([code, reason, isGraceful]);
  }

  stats(): object {
    return {
      smoothedRttUs: 1500,
      congestionWindow: 12_000,
      packetsLost: 3,
      retransmittedBytes: 4,
      pathMtu: 1452,
    };
  }
}

export function closeInfo(given: Partial<CloseInfo> = {}): CloseInfo {
  return { origin: 'remote', isApplication: true, code: 0, name: '0', reason: '', ...given };
}

/** Lets callbacks of `process.nextTick` and promises run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What an application's exception becomes, taken out of the process while `work` runs. */
export async function uncaughtDuring(work: () => void | Promise<void>): Promise<unknown[]> {
  const caught: unknown[] = [];
  const previous = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => caught.push(error));
  try {
    await work();
    await settled();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of previous) process.on('uncaughtException', listener);
  }
  return caught;
}
