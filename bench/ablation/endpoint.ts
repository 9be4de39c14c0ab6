/**
 * An endpoint put together from the real parts, each of which may be wrapped: what `Endpoint.bind` makes, with seams.
 *
 * Only what a benchmark needs: 127.0.0.1, one peer, no orderly end. Called by bulk.ts and bulk-sender.ts, for the cases
 * with a problem switched on and for those without, so that nothing but the wrapper differs.
 *
 * Invariant: without wrappers and with the default configuration it runs the same code as `Endpoint.bind`.
 */

import { parseBindOptions } from '../../lib/api/bind-options.js';
import { Connection } from '../../lib/api/connection.js';
import { DEFAULT_CONFIG, type TransportConfig } from '../../lib/core/config.js';
import type { Connection as CoreConnection } from '../../lib/core/connection/connection.js';
import { Endpoint as CoreEndpoint } from '../../lib/core/endpoint/endpoint.js';
import {
  EVENT_CONNECT_FAILED,
  EVENT_CONNECTED,
  EVENT_CONNECTION,
} from '../../lib/core/event-ring.js';
import type { Protection } from '../../lib/core/ports.js';
import { openPrimitives } from '../../lib/crypto/choose-primitives.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { generateIdentity } from '../../lib/crypto/identity.js';
import { systemRandom } from '../../lib/crypto/random.js';
import { AddressBook } from '../../lib/io/address-book.js';
import type { BatchSocket } from '../../lib/io/batch-socket.js';
import { epochUs, nowUs } from '../../lib/io/clock.js';
import { openDgramSocket } from '../../lib/io/dgram-socket.js';
import { addressesOf, Driver } from '../../lib/io/driver.js';
import { openMemory } from '../../lib/io/memory.js';
import { openNativeSocket } from '../../lib/io/native-socket.js';
import { openSocket } from '../../lib/io/open-socket.js';
import type { Binding } from '../../lib/native/binding.js';
import { loadBinding } from '../../lib/native/load.js';

/** What is switched. BURSTWIRE_GSO, BURSTWIRE_GRO and BURSTWIRE_ENGINE hold as ever. */
export interface Switches {
  readonly config?: Partial<TransportConfig>;
  readonly binding?: (binding: Binding) => Binding;
  readonly protection?: (protection: Protection) => Protection;
}

export class AblationEndpoint {
  readonly socket: BatchSocket;
  readonly publicKey: Uint8Array;
  /** Called with each connection, ours and the peer's. */
  onConnection: (connection: Connection) => void = () => undefined;
  readonly #core: CoreEndpoint;
  readonly #driver: Driver;
  readonly #book: AddressBook;

  private constructor(socket: BatchSocket, switches: Switches) {
    this.socket = socket;
    this.#book = new AddressBook(socket.peers);
    const { protection } = openProtection();
    const identity = generateIdentity();
    this.publicKey = identity.publicKey;
    this.#core = new CoreEndpoint({
      config: { ...DEFAULT_CONFIG, ...switches.config },
      protection: switches.protection?.(protection) ?? protection,
      primitives: openPrimitives().primitives,
      random: systemRandom,
      memory: openMemory(),
      addresses: addressesOf(socket),
      identity,
      nowUs: nowUs(),
      epochUs: epochUs(),
      wake: () => this.#driver.wake(),
    });
    this.#driver = new Driver(socket, this.#core);
    this.#driver.start((kind, owner, subject, value) =>
      this.#dispatch(kind, owner, subject, value),
    );
  }

  static async open(switches: Switches): Promise<AblationEndpoint> {
    const { address, port, ...bind } = parseBindOptions({ address: '127.0.0.1' });
    const { engine, gsoForced } = bind;
    const options = { ...bind, address: address!, port };
    const opened = await openSocket(
      { engine, options, gsoForced },
      {
        load: loadBinding,
        openNative: (binding, native) =>
          openNativeSocket(switches.binding?.(binding) ?? binding, native),
        openDgram: openDgramSocket,
      },
    );
    return new AblationEndpoint(opened.engine, switches);
  }

  /** `onConnection` follows, or the process fails. */
  connect(port: number, publicKey: Uint8Array): void {
    const peer = this.#book.idOf({ address: '127.0.0.1', port });
    this.#core.connect({ peer, remoteStatic: publicKey }, nowUs());
    this.#driver.wake();
  }

  #dispatch(kind: number, owner: unknown, subject: unknown, value: number): void {
    if (kind === EVENT_CONNECT_FAILED) throw new Error(`could not connect: ${String(subject)}`);
    if (kind === EVENT_CONNECTED || kind === EVENT_CONNECTION) {
      const core = subject as CoreConnection;
      this.onConnection(new Connection(core, this.#book.addressOf(core.peer)));
      return;
    }
    ((owner as CoreConnection).data as Connection | undefined)?.dispatch(kind, subject, value);
  }
}
