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

/** FLAGS: the two ECN bits of the IP header (RFC 3168). */
export const FLAG_ECN_MASK = 3;
/** FLAGS: the kernel cut the datagram (MSG_TRUNC); its bytes are incomplete. */
export const FLAG_TRUNCATED = 4;
/** FLAGS: it arrived as one segment of a coalesced train (UDP_GRO). */
export const FLAG_SEGMENT = 8;

/** STATUS of a row whose source address is no longer one of this machine (EINVAL with IP_PKTINFO). Not an errno. */
export const STATUS_SOURCE_GONE = 4096;

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
];
