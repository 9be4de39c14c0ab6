/**
 * The figures of a connection as one plain object.
 *
 * It computes nothing that it could read. Called by the application; cold path.
 *
 * Invariant: reading changes nothing.
 */

import type { ConnectionState } from './connection-state.js';

/** Bytes are bytes of datagrams (UDP payload) where nothing else is said; times in microseconds. */
export interface ConnectionStats {
  readonly smoothedRttUs: number;
  readonly minRttUs: number;
  readonly latestRttUs: number;
  readonly rttVarianceUs: number;
  readonly congestion: string;
  readonly congestionWindow: number;
  readonly slowStartThreshold: number;
  readonly bytesInFlight: number;
  /** Bytes a second; Infinity while nothing is paced. */
  readonly pacingRate: number;
  /** Largest datagram that the path has proved to carry, bytes. */
  readonly pathMtu: number;
  readonly ecn: string;
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  readonly packetsLost: number;
  readonly bytesLost: number;
  /** Declared lost, and acknowledged later. */
  readonly spuriouslyLost: number;
  readonly duplicatesReceived: number;
  readonly acksSent: number;
  readonly probeTimeouts: number;
  readonly keyUpdates: number;
  /** Times that packets began to go to another address of the peer, and what became of it. */
  readonly pathSwitches: number;
  readonly pathsValidated: number;
  /** Addresses that did not prove themselves in time, or gave way to the old one. */
  readonly pathsFailed: number;
  /** Addresses of the peer that were not followed: too many, too soon, or no connection id left for them. */
  readonly pathsRefused: number;
  readonly pathChallengesReceived: number;
  readonly pathChallengesDropped: number;
  /** PATH_RESPONSEs that answered nothing. */
  readonly strayPathResponses: number;
  /** Frames of the peer that were legal and of no use; too many of them end the connection. */
  readonly uselessFrames: number;
  readonly streamsOpened: number;
  readonly streamsAccepted: number;
  readonly streamsActive: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  /** Messages of ours that are not acknowledged now: at most 65,536 and 64 MiB. */
  readonly messagesWaiting: number;
  readonly messageBytesWaiting: number;
  /** Bytes of the peer's messages that are not whole yet: at most 64 MiB and one message. */
  readonly messageBytesUnfinished: number;
  readonly streamBytesSent: number;
  readonly streamBytesReceived: number;
  readonly retransmittedBytes: number;
  /** Pieces of the peer's streams that wait now for what is missing before them: capped by the windows. */
  readonly spansWaiting: number;
  /** Receive window of the connection now, bytes. */
  readonly receiveWindow: number;
  readonly datagramsSent: number;
  /** Given way to newer ones before they were sent. */
  readonly datagramsDropped: number;
  readonly datagramsTooLarge: number;
  readonly datagramsLost: number;
  readonly datagramsReceived: number;
  readonly datagramsReceivedDropped: number;
  readonly datagramsWaiting: number;
}

export function readStats(state: ConnectionState): ConnectionStats {
  const { recovery, congestion, pacer, counts, streams, datagrams, paths } = state;
  const { rtt } = recovery;
  return {
    smoothedRttUs: rtt.smoothedUs,
    minRttUs: rtt.hasSample ? rtt.minUs : 0,
    latestRttUs: rtt.latestUs,
    rttVarianceUs: rtt.varianceUs,
    congestion: congestion.name,
    congestionWindow: congestion.windowBytes,
    slowStartThreshold: congestion.slowStartThresholdBytes,
    bytesInFlight: recovery.bytesInFlight,
    pacingRate: pacer.isOff ? Number.POSITIVE_INFINITY : pacer.rate,
    pathMtu: state.pathMtu.current,
    ecn: state.ecn.state,
    packetsSent: counts.packetsSent,
    bytesSent: counts.bytesSent,
    packetsReceived: counts.packetsReceived,
    bytesReceived: counts.bytesReceived,
    packetsLost: recovery.packetsLost,
    bytesLost: recovery.bytesLost,
    spuriouslyLost: recovery.spuriouslyLost,
    duplicatesReceived: counts.duplicates,
    acksSent: counts.acksSent,
    probeTimeouts: counts.ptos,
    keyUpdates: state.keys.sendPhase,
    pathSwitches: paths.switches,
    pathsValidated: paths.validated,
    pathsFailed: paths.failed,
    pathsRefused: paths.refused,
    pathChallengesReceived: paths.challengesReceived,
    pathChallengesDropped: paths.challengesDropped,
    strayPathResponses: paths.strayResponses,
    uselessFrames: state.useless.count,
    ...streams.counters,
    ...datagrams.counters,
  };
}
