/**
 * `bind`: from options to an open socket.
 *
 * It moves no datagrams. Called by the application.
 *
 * Invariant: misuse throws before a promise exists; what the system refuses rejects it; nothing stays open when it
 * rejects.
 */

import { type BindConfig, type BindOptions, parseBindOptions } from './bind-options.js';
import { abortError } from './errors.js';
import { openBound } from './open-bound.js';
import { UdpSocket } from './udp-socket.js';

/**
 * Opens a UDP socket and binds it.
 *
 * @throws OptionError synchronously: ERR_OPTION_UNKNOWN, ERR_OPTION_TYPE, ERR_OPTION_RANGE, ERR_OPTION_CONFLICT;
 *   also for an environment variable with an unknown value
 * @returns a promise that rejects with the system error of bind(2) (EADDRINUSE, EACCES, EADDRNOTAVAIL, ...), with
 *   that of the look-up (ENOTFOUND, ...), with ERR_ENGINE_UNAVAILABLE, or with an AbortError
 */
export function bind(options?: BindOptions): Promise<UdpSocket> {
  return open(parseBindOptions(options));
}

async function open(config: BindConfig): Promise<UdpSocket> {
  const { engine, info } = await openBound(config);
  const { signal, debug } = config;
  try {
    // Between the last look and this one a turn of the promise queue has passed.
    if (signal?.aborted) throw abortError(signal);
    return new UdpSocket(engine, { info, signal, debug });
  } catch (error) {
    // The signal is the application's: listening to it may run its code.
    await engine.close();
    throw error;
  }
}
