/**
 * A self-signed P-256 certificate for the peers that speak TLS, made by the openssl command.
 *
 * Called by the listening sides of transports/tcp.ts, transports/quiche.ts and stress/doors.ts, and by micro/tls-handshake.ts.
 *
 * Invariant: nothing of it stays on the disk.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What all of them encrypt with, as ours does by default. */
export const CIPHERS = 'TLS_AES_128_GCM_SHA256';

const REQUEST =
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 1';

/** Key and certificate as PEM. */
export function makeCertificate(): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'burstwire-bench-tls-'));
  try {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
    const args = [...REQUEST.split(' '), '-keyout', key, '-out', cert];
    execFileSync('openssl', args, { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
