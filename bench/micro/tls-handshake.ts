/**
 * Complete handshakes of `node:tls` (TLS 1.3, ECDSA P-256, no resumption) over a pair of streams in memory.
 *
 * It takes no time. Called by handshake.ts and cases/handshake.ts.
 *
 * Invariant: a handshake that `run` has made is complete: both sides have said that they are secure.
 */

import { duplexPair } from 'node:stream';
import {
  createSecureContext,
  type SecureContext,
  TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
import { makeCertificate } from '../e2e/certificate.js';

type Certificate = ReturnType<typeof makeCertificate>;

export class TlsHandshakes {
  readonly #context: SecureContext;
  readonly #ca: string;

  private constructor(files: Certificate) {
    this.#context = createSecureContext({ ...files, minVersion: 'TLSv1.3' });
    this.#ca = files.cert;
  }

  /** Makes a certificate with the `openssl` command; undefined when there is none. */
  static open(): TlsHandshakes | undefined {
    const files = certificate();
    return files && new TlsHandshakes(files);
  }

  async run(): Promise<void> {
    const [left, right] = duplexPair();
    const server = new TLSSocket(right, { isServer: true, secureContext: this.#context });
    const client = tlsConnect({
      socket: left,
      ca: this.#ca,
      servername: 'localhost',
      minVersion: 'TLSv1.3',
    });
    await Promise.all([secure(server, 'secure'), secure(client, 'secureConnect')]);
    client.destroy();
    server.destroy();
  }
}

function secure(socket: TLSSocket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
  });
}

function certificate(): Certificate | undefined {
  try {
    return makeCertificate();
  } catch {
    return undefined;
  }
}
