/**
 * Makes an endpoint of the core as a simulation wants it: deterministic, with toy or real cryptography.
 *
 * Invariant: everything that an endpoint could get from the machine comes from the seed.
 */

import type { TransportConfig } from '../../lib/core/config.js';
import { Endpoint } from '../../lib/core/endpoint/endpoint.js';
import type { EndpointOptions } from '../../lib/core/endpoint/endpoint-options.js';
import type { HandshakePrimitives, KeyPair, Protection, Random } from '../../lib/core/ports.js';
import { openNodeProtection } from '../../lib/crypto/node-protection.js';
import { testPrimitives } from '../support/test-primitives.js';
import { toyIdentity, toyPrimitives } from '../support/toy-primitives.js';
import { openNative } from './native-provider.js';
import { PlainProtection } from './plain-protection.js';
import { type SimulatedAddresses, simulatedMemory } from './surroundings.js';

/** 'plain' is fast; the others are the product's. */
export type ProtectionName = 'plain' | 'node' | 'native';
/** 'toy' is fast; 'node' is real. */
export type PrimitivesName = 'toy' | 'node';

/** Microseconds since 1970 when the clock of a simulation shows 0. */
const EPOCH_US = 1_700_000_000_000_000;
/** Key slots of a simulated provider. */
const KEY_SLOTS = 1024;

export interface EndpointSetup {
  /** Place of the host, from 0: makes its keys. */
  readonly place: number;
  readonly config: TransportConfig;
  readonly protection: Protection;
  readonly primitives: PrimitivesName;
  readonly random: Random;
  readonly addresses: SimulatedAddresses;
  readonly nowUs: number;
  /** The core has something to send, and nobody's turn is under way. */
  readonly wake: () => void;
  /** Default: nothing is traced. */
  readonly tracerFor?: TracerFor | undefined;
}

/** Who hears what happens on a connection. */
export type TracerFor = NonNullable<EndpointOptions['tracerFor']>;

/** `packetsCountAs`: for 'plain' alone, see PlainProtectionOptions. */
export function makeProtection(name: ProtectionName, packetsCountAs = 1): Protection {
  if (name === 'node') return openNodeProtection({ maxSlots: KEY_SLOTS });
  if (name === 'native') return openNative(KEY_SLOTS);
  return new PlainProtection({ maxSlots: KEY_SLOTS, packetsCountAs });
}

export function makeEndpoint(setup: EndpointSetup): { endpoint: Endpoint; identity: KeyPair } {
  const { place, config, protection, random, addresses, nowUs, wake, tracerFor } = setup;
  const [primitives, identity] = makePrimitives(setup.primitives, place, random);
  const endpoint = new Endpoint({
    config,
    protection,
    primitives,
    random,
    memory: simulatedMemory,
    onFault: rethrow,
    addresses,
    identity,
    nowUs,
    epochUs: EPOCH_US,
    wake,
    tracerFor,
  });
  return { endpoint, identity };
}

function makePrimitives(
  name: PrimitivesName,
  place: number,
  random: Random,
): [HandshakePrimitives, KeyPair] {
  if (name === 'toy') return [toyPrimitives(place + 1), toyIdentity(place + 1)];
  const primitives = testPrimitives(random);
  return [primitives, primitives.generateKeyPair()];
}

/** What an endpoint would live with is a mistake that a test must show. */
function rethrow(error: unknown): never {
  throw error;
}
