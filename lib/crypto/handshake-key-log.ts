/**
 * What a key log says of handshakes: for each piece that Noise encrypts, what opens that piece and nothing else.
 *
 * The key of a piece is derived beside the chaining key, not from it, so no traffic secret follows from the lines; what is
 * in the piece (static keys, transport parameters) does. It knows neither patterns nor messages: it sits around the ciphers
 * that a handshake is given. Called by the endpoint, which passes no log unless somebody asks for one (key-log.ts).
 *
 * Invariant: a line is written only for what was sealed here or has authenticated here.
 */

import type { AeadName, HandshakeCipher, HandshakePrimitives } from '../core/ports.js';
import { hex, type KeyLog } from './key-log.js';

const TAG_BYTES = 16;

/** The same primitives, with ciphers that tell `log`; without a log, the very same. */
export function loggedPrimitives(
  primitives: HandshakePrimitives,
  log: KeyLog | undefined,
): HandshakePrimitives {
  if (log === undefined) return primitives;
  const ciphers = {
    AESGCM: logged('aes-256-gcm', primitives.cipher('AESGCM'), log),
    ChaChaPoly: logged('chacha20-poly1305', primitives.cipher('ChaChaPoly'), log),
  };
  return { ...primitives, cipher: (name) => ciphers[name] };
}

function logged(aead: AeadName, cipher: HandshakeCipher, log: KeyLog): HandshakeCipher {
  const tell = (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, sealed: Uint8Array): void => {
    // The tag names the piece: a reader of a capture finds it there.
    const tag = hex(sealed.subarray(-TAG_BYTES));
    log(`BURSTWIRE_HANDSHAKE_KEY ${tag} ${aead} ${hex(key)} ${hex(nonce)} ${hex(ad)}`);
  };
  return {
    encrypt: (key, nonce, ad, plaintext) => {
      const sealed = cipher.encrypt(key, nonce, ad, plaintext);
      tell(key, nonce, ad, sealed);
      return sealed;
    },
    decrypt: (key, nonce, ad, sealed) => {
      const plaintext = cipher.decrypt(key, nonce, ad, sealed);
      if (plaintext !== undefined) tell(key, nonce, ad, sealed);
      return plaintext;
    },
  };
}
