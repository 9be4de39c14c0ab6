/**
 * Where the few bytes lie that a connection keeps for good: one array for all of them.
 *
 * A typed array of its own costs 200 bytes and more, whatever it holds, and twice that once native code was given it; so
 * none of these bytes is ever handed out but as a copy. Used by connection-state, the connection ids and, for its secrets,
 * by the key schedule, whose part comes first.
 *
 * Invariant: no two parts overlap.
 */

import { CONNECTION_ID_BYTES, RESET_TOKEN_BYTES } from '../wire/frame-types.js';

/** The secrets of handshake/key-schedule: two of 32 bytes. */
const SECRETS_BYTES = 64;
export const PUBLIC_KEY_BYTES = 32;
export const HANDSHAKE_HASH_BYTES = 32;
/** Eight ids of ours. */
export const LOCAL_IDS_BYTES = 8 * CONNECTION_ID_BYTES;
/** Ids of the peer that we hold at once: our active_connection_id_limit. */
export const REMOTE_IDS_MAX = 4;

export const PUBLIC_KEY_AT = SECRETS_BYTES;
export const HANDSHAKE_HASH_AT = PUBLIC_KEY_AT + PUBLIC_KEY_BYTES;
export const FIRST_ID_AT = HANDSHAKE_HASH_AT + HANDSHAKE_HASH_BYTES;
export const LOCAL_IDS_AT = FIRST_ID_AT + CONNECTION_ID_BYTES;
/** Of the peer: ids, then their reset tokens. */
export const REMOTE_IDS_AT = LOCAL_IDS_AT + LOCAL_IDS_BYTES;
export const CONNECTION_BYTES =
  REMOTE_IDS_AT + REMOTE_IDS_MAX * (CONNECTION_ID_BYTES + RESET_TOKEN_BYTES);
