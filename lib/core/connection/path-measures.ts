/**
 * What was measured of a path and must not be taken for another one: window, pace, round trip time, path MTU, ECN.
 *
 * RFC 9000 section 9.4. A change of the port alone keeps them; another address begins anew, and the way back finds what it
 * had. Called by migration.ts and settle.ts.
 *
 * Invariant: after `setMeasures` no figure of the path before is left in the state.
 */

import { BASE_DATAGRAM_BYTES, INITIAL_RTT_US } from '../config.js';
import { createController } from '../congestion/controller.js';
import { Pacer } from '../congestion/pacer.js';
import { PathMtu } from '../recovery/path-mtu.js';
import type { Rtt } from '../recovery/rtt.js';
import type { ConnectionState } from './connection-state.js';
import type { PathMeasures, RttValues } from './path.js';

const NO_SAMPLE: RttValues = {
  hasSample: false,
  firstSampleUs: Number.POSITIVE_INFINITY,
  latestUs: INITIAL_RTT_US,
  minUs: INITIAL_RTT_US,
  smoothedUs: INITIAL_RTT_US,
  varianceUs: INITIAL_RTT_US / 2,
};

/** Of a path that nothing is known of. */
export function freshMeasures(state: ConnectionState, isIpv4: boolean): PathMeasures {
  const { config, maxUdpPayloadSize } = state;
  return {
    congestion: createController(config.congestion, BASE_DATAGRAM_BYTES, {
      delivery: state.recovery.delivery,
      random: state.random,
    }),
    pacer: new Pacer(BASE_DATAGRAM_BYTES, config.timerGranularityUs),
    pathMtu: new PathMtu({ maximum: maxUdpPayloadSize, isIpv4 }),
    ecn: state.ecn.onOtherPath(),
    rtt: NO_SAMPLE,
  };
}

/** Those of the path that is used now. */
export function takeMeasures(state: ConnectionState): PathMeasures {
  const { congestion, pacer, pathMtu, ecn } = state;
  const { hasSample, firstSampleUs, latestUs, minUs, smoothedUs, varianceUs } = state.recovery.rtt;
  const rtt = { hasSample, firstSampleUs, latestUs, minUs, smoothedUs, varianceUs };
  return { congestion, pacer, pathMtu, ecn, rtt };
}

/** From now on these count. The caller tells whoever depends on them (`afterChange`). */
export function setMeasures(state: ConnectionState, measures: PathMeasures): void {
  state.congestion = measures.congestion;
  state.pacer = measures.pacer;
  state.pathMtu = measures.pathMtu;
  state.ecn = measures.ecn;
  setRtt(state.recovery.rtt, measures.rtt);
}

export function setRtt(rtt: Rtt, values: RttValues): void {
  rtt.hasSample = values.hasSample;
  rtt.firstSampleUs = values.firstSampleUs;
  rtt.latestUs = values.latestUs;
  rtt.minUs = values.minUs;
  rtt.smoothedUs = values.smoothedUs;
  rtt.varianceUs = values.varianceUs;
}
