/**
 * What the handshake machine is told of an endpoint: its ports, its identity, and whom it talks with.
 *
 * It begins nothing. Called by the admission, once.
 *
 * Invariant: what the endpoint leaves open is left out, so that the defaults are the handshake's.
 */

import type { HandshakesOptions } from '../handshake/context.js';
import { LABEL_COOKIE_SECRET } from '../handshake/protocol.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { Shard } from './shard.js';

/** @param parameters the transport parameters of ours, encoded */
export function handshakeOptions(
  options: EndpointOptions,
  shard: Shard | undefined,
  parameters: Uint8Array,
): HandshakesOptions {
  const { primitives, identity, psk, suites, authorize } = options;
  return {
    primitives,
    random: options.random,
    identity,
    nowUs: options.nowUs,
    epochUs: options.epochUs,
    parameters,
    ...(psk === undefined ? {} : { psk }),
    ...(suites === undefined ? {} : { suites }),
    ...(authorize === undefined ? {} : { authorize }),
    // Shards know each other's cookies: the secret follows from the identity.
    ...(shard === undefined
      ? {}
      : {
          fillConnectionId: shard.fillId,
          cookieSecret: primitives.hmacSha256(identity.privateKey, LABEL_COOKIE_SECRET),
        }),
  };
}
