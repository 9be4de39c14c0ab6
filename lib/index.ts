/**
 * `burstwire`: the secure transport.
 *
 * The front door: names only. Everything behind it is free to change; what is named here is not. The batched socket is
 * `burstwire/udp`.
 */

export type { BorrowedReader } from './api/borrowed-reader.js';
export type { ConnectOptions } from './api/connect-options.js';
export type { CloseOptions, Connection, ConnectionEvents } from './api/connection.js';
export { type CryptoInfo, Endpoint, type EndpointEvents } from './api/endpoint.js';
export type { Authorize, EndpointOptions, KeyLog } from './api/endpoint-options.js';
export { OptionError, type OptionErrorCode } from './api/errors.js';
export { type ShardBindOptions, ShardGroup, type ShardGroupOptions } from './api/shard-group.js';
export type { ShardOptions } from './api/shard-options.js';
export type { TransportStream } from './api/stream.js';
export type { MessageOptions, StreamOptions, StreamPriority } from './api/stream-options.js';
export {
  type CloseInfo,
  ConnectError,
  type ConnectErrorCode,
  ConnectionError,
  type ConnectionErrorCode,
  StreamError,
  type StreamErrorCode,
} from './api/transport-errors.js';
export type { ConnectionStats, EndpointStats } from './api/transport-stats.js';
export type { EngineInfo, SocketAddress } from './api/udp-socket.js';
export { generateIdentity, type Identity, identityFromPrivateKey } from './crypto/identity.js';
