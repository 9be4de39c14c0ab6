/**
 * `burstwire`: the secure transport.
 *
 * The front door: names only. This version holds the identities by which peers know each other; endpoints and
 * connections follow on top of packet protection and handshake. The batched socket is `burstwire/udp`.
 */

export { generateIdentity, type Identity, identityFromPrivateKey } from './crypto/identity.js';
