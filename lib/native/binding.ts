/**
 * The typed face of the addon: every class, function and number that C++ exports.
 *
 * Types only. `load` makes the one Binding of a process; `lib/io/native-socket`, `lib/crypto/native-protection` and
 * `lib/crypto/native-primitives` are its users. What a call does stands in `native/napi/socket_wrap.h`,
 * `protection_wrap.h` and `primitives.h`; errors are numbers (-errno) but for the constructors, which throw.
 */

/** What `new UdpSocket` takes. Sizes in bytes; all fields are checked before. */
export interface UdpSocketOptions {
  readonly address: string;
  readonly port: number;
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
  /** The reuseport group of this socket is steered by connection id among so many; left out: it is not. */
  readonly shards?: number | undefined;
  /** Instead of opening one, take another descriptor of this bound socket, which must have the port; left out: open. */
  readonly adoptedFd?: number | undefined;
  readonly gso: boolean;
  readonly gro: boolean;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  readonly maxPeers: number;
}

export interface UdpSocketInfo {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
  readonly gso: boolean;
  readonly gro: boolean;
  readonly ecn: boolean;
  readonly pktinfo: boolean;
  /** `shards` was given, and the kernel has taken the program (SO_ATTACH_REUSEPORT_CBPF). */
  readonly steering: boolean;
  readonly sendmmsg: boolean;
  readonly recvmmsg: boolean;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
}

/** `listen` and `onEvents`: the socket has datagrams, or an error that reading clears. */
export const READABLE = 1;
/** `listen` and `onEvents`: the socket has room. */
export const WRITABLE = 2;

/** `blocked`: a device or memory is short (ENOBUFS, ENOMEM); the socket is writable already, only time helps. */
export const BLOCKED_FOR_A_WHILE = 2;

/** One descriptor. Counters and peer columns (see the layout) are written by the addon as long as it lives. */
export interface NativeUdpSocket {
  info(): UdpSocketInfo;
  attach(bytes: Uint8Array, rows: Int32Array): void;
  start(onEvents: (events: number) => void): void;
  listen(events: number): void;
  receive(): number;
  send(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number;
  sendViews(payloads: readonly Uint8Array[], rows: Int32Array, from: number, to: number): number;
  sendSegments(
    bytes: Uint8Array,
    byteLength: number,
    segmentSize: number,
    remote: number,
    local: number,
    flags: number,
  ): number;
  /** Why the last send stopped: 0 = it did not, 1 = the buffer is full and WRITABLE follows, BLOCKED_FOR_A_WHILE. */
  blocked(): number;
  intern(address: string, port: number): number;
  describe(id: number): [address: string, port: number, family: 'IPv4' | 'IPv6'] | undefined;
  /** The descriptor, -1 when closed: another socket may adopt it while this one is open. */
  fd(): number;
  refreshDrops(): void;
  ref(): void;
  unref(): void;
  close(): void;
  /** Only in a developers' build (BURSTWIRE_FAULTS): see native/udp/fault_injection.h. */
  inject?(operation: number, skip: number, result: number, times: number): void;
  setNow?(nowMs: number): void;
}

/** What `new DgramSocket` takes. See native/napi/dgram_wrap.h. */
export interface NativeDgramOptions {
  readonly ipv6: boolean;
  readonly maxPeers: number;
  readonly counters: Float64Array;
  readonly columns: Int32Array;
  /** What a batch is received into; one for many sockets, since it is used between two callbacks only. */
  readonly slab: Uint8Array;
  readonly rows: Int32Array;
  /** What async_hooks sees: of type UDPWRAP. */
  readonly resource: object;
  /** A batch of so many rows lies in `rows`: copy it. Returns how many `onDatagram` calls it makes. */
  readonly onBatch: (rowCount: number) => number;
  readonly onDatagram: () => void;
  readonly onBatchEnd: () => void;
  readonly onWritable: () => void;
  /** A pending error of the socket (ICMP), below 0. */
  readonly onError: (errno: number) => void;
}

/** `setOption`: which one. */
export const DGRAM_TTL = 0;
export const DGRAM_MULTICAST_TTL = 1;
export const DGRAM_MULTICAST_LOOPBACK = 2;
export const DGRAM_BROADCAST = 3;

/** One descriptor as node:dgram thinks of it. Results below 0 are -errno; -EBADF as long as it is not bound. */
export interface NativeDgramSocket {
  bind(
    address: string,
    port: number,
    ipv6Only: boolean,
    reuseAddress: boolean,
    reusePort: boolean,
    gso: boolean,
    gro: boolean,
  ): number;
  /** Takes over a bound descriptor, or a copy of it. */
  adopt(fd: number, duplicate: boolean, gso: boolean): number;
  connect(address: string, port: number): number;
  disconnect(): number;
  /** The address of this end (false) or of the other. */
  name(remote: boolean): [address: string, port: number] | number;
  setOption(option: number, value: number): number;
  setMulticastInterface(address: string): number;
  /** Binds a socket that is not bound. */
  setMembership(
    join: boolean,
    group: string,
    interfaceAddress: string | undefined,
    source: string | undefined,
    gso: boolean,
    gro: boolean,
  ): number;
  /** The size that the kernel has, twice what it was given; 0 bytes only ask. */
  bufferSize(receive: boolean, bytes: number): number;
  intern(address: string, port: number): number;
  /** "port address" of a live id. */
  describe(id: number): string | undefined;
  send(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number;
  blocked(): number;
  listen(events: number): void;
  ref(): void;
  unref(): void;
  close(): void;
}

/** The first argument of `installKey`: the place of the AEAD's name. */
export const NATIVE_AEADS = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const;
/** The second argument of `installKey`. */
export const NATIVE_SEAL = 0;
export const NATIVE_OPEN = 1;

export interface NativeProtectionOptions {
  /** Key slots: 1 to 2^KEY_SLOT_BITS. */
  readonly slots: number;
  /** 'auto', 'ipsec-mb' (the best of them), 'evp', or a name that `crypto().kernels` holds. */
  readonly kernel: string;
  /** Packets that one key may seal. */
  readonly sealLimit: number;
}

/** Key slots and the kernel that seals and opens with them. `counts` is written by the addon as long as it lives. */
export interface NativePacketProtection {
  kernel(): string;
  /** The place of the slot's AEAD in NATIVE_AEADS; -1 for a stale id. */
  aeadOf(id: number): number;
  /** Copies the bytes. -1 = no slot is free, or the sizes are wrong. */
  installKey(
    aead: number,
    direction: number,
    key: Uint8Array,
    iv: Uint8Array,
    headerKey: Uint8Array,
  ): number;
  updateKey(id: number, key: Uint8Array, iv: Uint8Array): boolean;
  retirePrevious(id: number): void;
  retireKey(id: number): void;
  /**
   * Rows done. 0 when bytes, rows or counters were transferred away, the range names no rows, or the rows share memory
   * with bytes or counters. Of `sources`, no more are looked at than there are rows; one that is no Uint8Array has no
   * bytes.
   */
  seal(
    bytes: Uint8Array,
    rows: Int32Array,
    from: number,
    to: number,
    sources: readonly Uint8Array[],
  ): number;
  open(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number;
  /** Wipes every key; all ids are stale. */
  close(): void;
}

/** `NativePrimitives`: where in the memory a result of 32 bytes is left. */
export const PRIMITIVES_RESULT = 0;
/** `NativePrimitives`: where in the memory the inputs begin, one behind the other. */
export const PRIMITIVES_INPUT = 32;

/**
 * X25519 and SHA-256 for handshakes. Inputs and results go through `memory`, which the caller owns and each call
 * borrows: handing over many short-lived arrays would cost more than the hashing. All but `sha256` wipe their inputs
 * there. False: the memory is too short for what was named, or OpenSSL refused; then there is no result.
 */
export interface NativePrimitives {
  /** In: private key, public key. False as well for an all-zero secret, that is for a point of low order. */
  x25519(memory: Uint8Array): boolean;
  /** In: private key. */
  x25519Public(memory: Uint8Array): boolean;
  /** In: `dataBytes` bytes. */
  sha256(memory: Uint8Array, dataBytes: number): boolean;
  /** In: the key, then the data. */
  hmacSha256(memory: Uint8Array, keyBytes: number, dataBytes: number): boolean;
}

/** What packet protection this process could use natively. */
export interface NativeCrypto {
  /** Names of kernels that passed their self-test here, the best first; empty = none. */
  readonly kernels: readonly string[];
  /** Why a kernel is missing from that list; '' = none is. */
  readonly reason: string;
  /** Whether the binary holds IPsec-MB. */
  readonly ipsecMb: boolean;
  /** Instructions that both the processor and the operating system offer. The wide ones are VAES and VPCLMULQDQ. */
  readonly cpu: {
    readonly aes: boolean;
    readonly carryless: boolean;
    readonly avx2: boolean;
    readonly avx512: boolean;
    readonly wideAes: boolean;
    readonly wideCarryless: boolean;
  };
}

/** What the addon's `probe` returns: 0, or the -errno that stands in the way. */
export interface NativeProbe {
  readonly kernel: string;
  readonly gsoDenied: boolean;
  readonly shortTailsDenied: boolean;
  readonly recvmmsg: number;
  readonly sendmmsg: number;
  readonly gso: number;
  readonly gro: number;
  readonly ecn: number;
  readonly pktinfo: number;
  readonly rxqOvfl: number;
  readonly errqueue: number;
  readonly txtime: number;
  readonly reusePort: number;
  readonly steering: number;
  readonly ipv6: number;
  readonly ioUring: number;
}

/** The exports of the .node file, as they are. */
export interface Addon {
  readonly UdpSocket: new (
    options: UdpSocketOptions,
    counters: Float64Array,
    peerColumns: Int32Array,
  ) => NativeUdpSocket;
  readonly Protection: new (
    options: NativeProtectionOptions,
    counts: Float64Array,
  ) => NativePacketProtection;
  /** Throws an Error with the reason, when OpenSSL's functions are missing or fail their self-test. */
  readonly Primitives: new () => NativePrimitives;
  readonly DgramSocket: new (options: NativeDgramOptions) => NativeDgramSocket;
  /** See Binding. */
  describeDescriptor(fd: number): string | undefined;
  readonly layout: readonly number[];
  /** See Binding. */
  gather(target: Uint8Array, source: Uint8Array, pieces: Int32Array, count: number): number;
  /** See Binding. */
  allocateSlab(): Uint8Array | undefined;
  probe(): NativeProbe;
  crypto(): NativeCrypto;
}

/** What this kernel and this process can do. Sizes in bytes, 0 = unknown. */
export interface NativeCapabilities {
  readonly kernel: string;
  readonly recvmmsg: boolean;
  readonly sendmmsg: boolean;
  readonly gso: boolean;
  readonly gro: boolean;
  readonly ecn: boolean;
  readonly pktinfo: boolean;
  readonly rxqOvfl: boolean;
  readonly txtime: boolean;
  readonly errqueue: boolean;
  readonly reusePort: boolean;
  readonly steering: boolean;
  readonly ipv6: boolean;
  readonly ioUring: boolean;
  /** The kernel is on the list of those that corrupt trains: GSO is off unless forced. */
  readonly gsoDenied: boolean;
  readonly receiveBufferMax: number;
  readonly sendBufferMax: number;
  /** For each answer that is false: why. */
  readonly reasons: Readonly<Record<string, string>>;
}

/** The addon behind its loader. */
export interface Binding {
  readonly UdpSocket: Addon['UdpSocket'];
  readonly Protection: Addon['Protection'];
  readonly Primitives: Addon['Primitives'];
  readonly DgramSocket: Addon['DgramSocket'];
  /** 'UDP', 'TCP', 'PIPE' or 'UNKNOWN'; undefined when the descriptor is no socket. */
  describeDescriptor(fd: number): string | undefined;
  /**
   * Copies pieces of `source` (pairs of offset and bytes), one behind the other, to the front of `target`. Returns the
   * bytes copied; -1 and nothing is done when a piece lies outside, an array is too short or transferred away, or the
   * pieces would be written over.
   */
  gather(target: Uint8Array, source: Uint8Array, pieces: Int32Array, count: number): number;
  /**
   * 512 KiB that come back to the addon when they are collected, to be given again without page faults. Not zeroed;
   * transferred. undefined where there are no external buffers, or no memory.
   */
  allocateSlab(): Uint8Array | undefined;
  /** Runs the self-test of each kernel: some 0.1 ms. */
  crypto(): NativeCrypto;
  /** Probes anew at each call: some answers change with privileges and sysctls. */
  capabilities(): NativeCapabilities;
}
