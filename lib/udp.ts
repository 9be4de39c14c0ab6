/**
 * `burstwire/udp`: UDP datagrams in batches.
 *
 * The front door: names only. Everything behind it is free to change; what is named here is not.
 */

export { bind } from './api/bind.js';
export type { BindOptions, EngineChoice } from './api/bind-options.js';
export { type Capabilities, capabilities } from './api/capabilities.js';
export type { Payload, SendOptions } from './api/destination.js';
export { OptionError, type OptionErrorCode } from './api/errors.js';
export type { ReceiveBatch } from './api/receive-batch.js';
export type { SendBatch, SendBatchOptions } from './api/send-batch.js';
export type { DatagramError } from './api/send-outcome.js';
export type {
  AddressLike,
  EngineInfo,
  SocketAddress,
  UdpSocket,
  UdpSocketEvents,
} from './api/udp-socket.js';
export type { UdpStats } from './api/udp-stats.js';
