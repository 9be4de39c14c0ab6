/**
 * The shared table: where each column of a batch row, of the peer columns and of the counters lies.
 *
 * A batch is a slab of bytes plus rows of int32, one row a datagram. C++ (`native/batch/layout.h`) and TypeScript
 * read the same numbers; the addon exports its own copy and the loader refuses a binary whose copy differs, so the
 * two cannot drift apart. This file imports nothing and computes nothing at run time.
 *
 * Invariant: a column, once released, never changes its meaning; a new one takes a free place.
 */

/** int32 places in one row: 64 bytes, one cache line. */
export const ROW_INTS = 16;
/** `row << ROW_SHIFT` is the index of a row's first place. */
export const ROW_SHIFT = 4;

/** Byte offset of the datagram in the slab. Unused by sends that take views. */
export const OFFSET = 0;
/** Byte length of the datagram: 0 to 65,527. */
export const LENGTH = 1;
/** Bits: see FLAG_*. */
export const FLAGS = 2;
/** 0 = alive (received) or taken by the kernel (sent); above 0 = errno of this datagram alone. */
export const STATUS = 3;
/** Peer id: where it came from, or where it goes. Ids start at 1. */
export const REMOTE = 4;
/** Peer id of the local address: where it arrived, or the source to send from (0 = the kernel chooses). */
export const LOCAL = 5;
// Places 6 to 15 belong to the transport; the socket engines neither read nor write them.

/** Slot of the connection that the packet belongs to; -1 = none. */
export const CONNECTION = 6;
/** Key id (see KEY_SLOT_BITS): the key to open or to seal the packet with; -1 = none. */
export const KEY = 7;
/** Bytes of authenticated header in front of the payload. */
export const HEADER_LENGTH = 8;
/** Bytes of payload once the packet is open: LENGTH without header and tag. */
export const PLAINTEXT_LENGTH = 9;
/** The full packet number, a double over places 10 and 11: `doubles[(row << ROW_SHIFT >> 1) + PACKET_NUMBER / 2]`. */
export const PACKET_NUMBER = 10;
/** Place 12 is free: it was the next row of the same connection, which nobody needed. */

/** Which of the batch's `sources` the end of the payload is copied from by `seal`; see SOURCE_LENGTH. */
export const SOURCE = 13;
/** Byte offset in that source. */
export const SOURCE_OFFSET = 14;
/** Bytes that `seal` copies from the source to the end of the payload before it encrypts; 0 = none. */
export const SOURCE_LENGTH = 15;

/** FLAGS: the two ECN bits of the IP header (RFC 3168). */
export const FLAG_ECN_MASK = 3;
/** FLAGS: the kernel cut the datagram (MSG_TRUNC); its bytes are incomplete. */
export const FLAG_TRUNCATED = 4;
/** FLAGS: it arrived as one segment of a coalesced train (UDP_GRO). */
export const FLAG_SEGMENT = 8;

/** FLAGS: this packet, once open, was the first of the next key phase: the peer has updated its key. */
export const FLAG_KEY_UPDATED = 16;
/** FLAGS: it was opened with the key of the phase before. */
export const FLAG_PREVIOUS_KEY = 32;

/** STATUS of a row whose source address is no longer one of this machine (EINVAL with IP_PKTINFO). Not an errno. */
export const STATUS_SOURCE_GONE = 4096;

/** STATUS: shorter than a header and a tag. */
export const STATUS_TOO_SHORT = 4097;
/** STATUS: KEY names no live key. */
export const STATUS_NO_KEY = 4098;
/** STATUS: the tag does not fit: forged, damaged or for another key. The payload was wiped. */
export const STATUS_FORGED = 4099;
/** STATUS: authentic, but opened before. */
export const STATUS_REPLAYED = 4100;
/** STATUS: authentic, but older than the replay window reaches. */
export const STATUS_TOO_OLD = 4101;
/** STATUS: not sealed: the key has sealed all it may (RFC 9001 section 6.6), or the packet number does not rise. */
export const STATUS_KEY_EXHAUSTED = 4102;
/** STATUS: not sealed: its source is gone (transferred away) or shorter than the row says. */
export const STATUS_SOURCE_LOST = 4103;

/** Bytes of the packet header: flags, connection id, packet number. */
export const PACKET_HEADER_BYTES = 13;
/** Place of the packet number in the header. */
export const PACKET_NUMBER_OFFSET = 9;
/** Bytes of the tag behind the payload, in each AEAD used here. */
export const PACKET_TAG_BYTES = 16;
/** First byte: the bits that header protection hides. */
export const HEADER_MASK_BITS = 0x1f;
/** First byte: the key phase. */
export const HEADER_KEY_PHASE = 0x04;

/** A key id is `generation << KEY_SLOT_BITS | slot`. */
export const KEY_SLOT_BITS = 18;
/** Key counters: `counts[slot * KEY_COUNTS + KEY_COUNT_*]`, written by the provider alone. */
export const KEY_COUNTS = 4;
/** Packets sealed with the current key of the slot. */
export const KEY_COUNT_SEALED = 0;
/** Packets opened, with any key of the slot. */
export const KEY_COUNT_OPENED = 1;
/** Packets that failed to authenticate, with any key of the slot: the integrity limit counts these. */
export const KEY_COUNT_FORGED = 2;
/** Largest packet number opened or sealed; -1 = none yet. */
export const KEY_COUNT_LARGEST = 3;
/** Packets behind the largest that a key still accepts, each once. */
export const REPLAY_WINDOW = 8192;

/** Peer columns: `peers[id * PEER_INTS + PEER_GENERATION]` changes when the id is given to another address. */
export const PEER_INTS = 2;
export const PEER_GENERATION = 0;
/** How many holders forbid that the id is given to another address. Written by JavaScript, read by the engine. */
export const PEER_PINS = 1;

/** Counters: places in one Float64Array that the engine alone writes. */
export const COUNT_DATAGRAMS_SENT = 0;
export const COUNT_BYTES_SENT = 1;
/** System calls made to send. */
export const COUNT_SEND_CALLS = 2;
/** Kernel messages that carried more than one datagram. */
export const COUNT_TRAINS_SENT = 3;
/** Datagrams settled with an error of their own. */
export const COUNT_SEND_FAILURES = 4;
/** Trains that the kernel refused and that went out datagram by datagram instead. */
export const COUNT_GSO_FALLBACKS = 5;
/** Sends stopped by a full socket buffer (EAGAIN). */
export const COUNT_SEND_BLOCKED = 6;
/** Sends stopped by a full device or by lack of memory (ENOBUFS, ENOMEM). */
export const COUNT_SEND_NO_BUFFERS = 7;
export const COUNT_DATAGRAMS_RECEIVED = 8;
export const COUNT_BYTES_RECEIVED = 9;
/** System calls made to receive. */
export const COUNT_RECEIVE_CALLS = 10;
/** Datagrams that arrived as segments of a coalesced train. */
export const COUNT_SEGMENTS_RECEIVED = 11;
/** Datagrams that the kernel dropped because the receive buffer was full (SO_RXQ_OVFL). */
export const COUNT_KERNEL_DROPS = 12;
/** Datagrams that the kernel cut (MSG_TRUNC). */
export const COUNT_TRUNCATED = 13;
/** Messages whose control data the kernel cut (MSG_CTRUNC). */
export const COUNT_CONTROL_TRUNCATED = 14;
/** Receive calls that ended with an error other than EAGAIN and EINTR. */
export const COUNT_RECEIVE_ERRORS = 15;
/** Ids taken from a silent address for a new one. */
export const COUNT_PEER_EVICTIONS = 16;
/** Datagrams dropped because every id was pinned. */
export const COUNT_PEER_OVERFLOWS = 17;
/** `counters[COUNT_ERRNO_BASE + errno]`: errors seen, by errno, 1 to 255. */
export const COUNT_ERRNO_BASE = 24;
export const COUNTER_PLACES = 24 + 256;

/** The most datagrams that one receive call can return: 64 messages of 128 segments (UDP_MAX_SEGMENTS). */
export const RECEIVE_ROWS = 8192;
/** The most messages (trains or single datagrams) that one receive call asks for. */
export const RECEIVE_MESSAGES = 64;
/** Bytes offered to one message: a whole train fits (UDP_GRO merges up to 64 KiB). */
export const RECEIVE_MESSAGE_BYTES = 65536;
/**
 * Distance of two messages in the slab. 65,536 apart, the first lines of all messages would share a few sets of the
 * cache; 5 lines more spreads small datagrams over all of them.
 */
export const RECEIVE_STRIDE = 65536 + 320;

/** All of the above that C++ must agree with, in one order; compared with the addon's own list when it is loaded. */
export const LAYOUT: readonly number[] = [
  ROW_INTS,
  OFFSET,
  LENGTH,
  FLAGS,
  STATUS,
  REMOTE,
  LOCAL,
  FLAG_ECN_MASK,
  FLAG_TRUNCATED,
  FLAG_SEGMENT,
  STATUS_SOURCE_GONE,
  PEER_INTS,
  PEER_GENERATION,
  PEER_PINS,
  COUNT_DATAGRAMS_SENT,
  COUNT_BYTES_SENT,
  COUNT_SEND_CALLS,
  COUNT_TRAINS_SENT,
  COUNT_SEND_FAILURES,
  COUNT_GSO_FALLBACKS,
  COUNT_SEND_BLOCKED,
  COUNT_SEND_NO_BUFFERS,
  COUNT_DATAGRAMS_RECEIVED,
  COUNT_BYTES_RECEIVED,
  COUNT_RECEIVE_CALLS,
  COUNT_SEGMENTS_RECEIVED,
  COUNT_KERNEL_DROPS,
  COUNT_TRUNCATED,
  COUNT_CONTROL_TRUNCATED,
  COUNT_RECEIVE_ERRORS,
  COUNT_PEER_EVICTIONS,
  COUNT_PEER_OVERFLOWS,
  COUNT_ERRNO_BASE,
  COUNTER_PLACES,
  RECEIVE_ROWS,
  RECEIVE_MESSAGES,
  RECEIVE_MESSAGE_BYTES,
  RECEIVE_STRIDE,
  CONNECTION,
  KEY,
  HEADER_LENGTH,
  PLAINTEXT_LENGTH,
  PACKET_NUMBER,
  SOURCE,
  SOURCE_OFFSET,
  SOURCE_LENGTH,
  FLAG_KEY_UPDATED,
  FLAG_PREVIOUS_KEY,
  STATUS_TOO_SHORT,
  STATUS_NO_KEY,
  STATUS_FORGED,
  STATUS_REPLAYED,
  STATUS_TOO_OLD,
  STATUS_KEY_EXHAUSTED,
  STATUS_SOURCE_LOST,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER_OFFSET,
  PACKET_TAG_BYTES,
  HEADER_MASK_BITS,
  HEADER_KEY_PHASE,
  KEY_SLOT_BITS,
  KEY_COUNTS,
  KEY_COUNT_SEALED,
  KEY_COUNT_OPENED,
  KEY_COUNT_FORGED,
  KEY_COUNT_LARGEST,
  REPLAY_WINDOW,
];
