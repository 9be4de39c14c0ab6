/**
 * A NAT of flesh and blood: a UDP relay on loopback between one client and one server, that changes the port it sends from.
 *
 * It knows nothing of what it carries. Opened by a test, closed when the test ends.
 *
 * Invariant: what the server sends to a port that was given up goes nowhere.
 */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

export class Relay {
  readonly #inside: Socket;
  readonly #serverPort: number;
  #outside: Socket;
  #clientPort = 0;
  #isClosed = false;

  private constructor(inside: Socket, outside: Socket, serverPort: number) {
    this.#inside = inside;
    this.#outside = outside;
    this.#serverPort = serverPort;
    inside.on('message', (bytes, { port }) => {
      this.#clientPort = port;
      if (!this.#isClosed) this.#outside.send(bytes, this.#serverPort, '127.0.0.1');
    });
    this.#listen(outside);
  }

  static async open(serverPort: number): Promise<Relay> {
    const relay = new Relay(await bound(), await bound(), serverPort);
    onTestFinished(() => relay.#close());
    return relay;
  }

  /** Where the client sends to. */
  get port(): number {
    return this.#inside.address().port;
  }

  /** Where the server sees the client now. */
  get publicPort(): number {
    return this.#outside.address().port;
  }

  /** The mapping is forgotten: the next datagram of the client leaves from another port. */
  async rebind(): Promise<void> {
    const next = await bound();
    const old = this.#outside;
    this.#outside = next;
    this.#listen(next);
    old.close();
  }

  #listen(outside: Socket): void {
    outside.on('message', (bytes) => {
      if (!this.#isClosed) this.#inside.send(bytes, this.#clientPort, '127.0.0.1');
    });
  }

  #close(): void {
    this.#isClosed = true;
    this.#inside.close();
    this.#outside.close();
  }
}
