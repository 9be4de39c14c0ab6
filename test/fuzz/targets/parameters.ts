/**
 * Transport parameters: a list that is taken is within its limits, and comes back when it is written again.
 */

import {
  decodeTransportParameters,
  defaultTransportParameters,
  encodeTransportParameters,
} from '../../../lib/core/connection/transport-parameters.js';
import {
  decodeParameters,
  encodeParameters,
  PARAMETERS_MAX,
} from '../../../lib/core/handshake/parameters.js';
import { must, type Target } from '../target.js';

const text = (value: unknown): string => JSON.stringify(value);
const textOf = (list: ReadonlyMap<number, Uint8Array>): string =>
  text([...list].map(([id, value]) => [id, [...value]]));

export const parameters: Target = {
  name: 'parameters',
  maxBytes: 800,
  seeds: () => {
    const defaults = {
      ...defaultTransportParameters(),
      initialMaxData: 2 ** 40,
      maxMessageSize: 77,
    };
    const whole = encodeTransportParameters(defaults);
    return [
      whole,
      Uint8Array.of(),
      Uint8Array.of(1, 1, 5),
      Uint8Array.of(0x7b, 1, 4, 0x80, 0, 0, 1),
    ];
  },
  run(input) {
    const list = decodeParameters(input);
    const typed = decodeTransportParameters(input);
    if (list === undefined) {
      must(typed === undefined, 'values of a list that is none');
      return;
    }
    must(list.size <= PARAMETERS_MAX, 'too many parameters');
    const again = decodeParameters(encodeParameters(list));
    must(
      again !== undefined && textOf(again) === textOf(list),
      'the list changes when it is written',
    );
    if (typed === undefined) return;
    const twice = decodeTransportParameters(encodeTransportParameters(typed));
    must(text(twice) === text(typed), 'the parameters change when they are written');
  },
};
