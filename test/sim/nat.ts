/**
 * A NAT in front of one host: gives it public addresses, and lets in what its kind lets in (RFC 4787).
 *
 * It forgets its mapping when it is told to, as a home router does that was silent for too long or dials in again.
 *
 * Invariant: what comes in comes to an address that it gave out and has not forgotten.
 */

import type { Datagram } from './datagram.js';
import type { Receiver } from './network.js';

/** What a mapping lets in: all, hosts that were sent to, addresses and ports that were; and whether each peer gets its own. */
export type NatKind = 'fullCone' | 'addressRestricted' | 'portRestricted' | 'symmetric';

/** What a NAT needs of the network around it. */
export interface Outside {
  /** A new public address, of the same host as the one before or of another one. */
  newAddress(receiver: Receiver, isOtherHost: boolean): number;
  forget(address: number): void;
  isSameHost(left: number, right: number): boolean;
  drop(datagram: Datagram): void;
}

export class Nat implements Receiver {
  readonly kind: NatKind;
  /** The mapping that others are told of. */
  publicAddress: number;
  /** Datagrams that it has not let in. */
  refused = 0;
  readonly #outside: Outside;
  readonly #inside: Receiver & { readonly address: number };
  /** Peers that the host has sent to. */
  readonly #permitted = new Set<number>();
  /** Of a symmetric one: peer -> the mapping for it. */
  readonly #own = new Map<number, number>();

  constructor(kind: NatKind, inside: Receiver & { readonly address: number }, outside: Outside) {
    this.kind = kind;
    this.#inside = inside;
    this.#outside = outside;
    this.publicAddress = outside.newAddress(this, true);
  }

  /** The address that a datagram to `remote` leaves from. */
  translate(remote: number): number {
    this.#permitted.add(remote);
    if (this.kind !== 'symmetric') return this.publicAddress;
    const own = this.#own.get(remote) ?? this.#outside.newAddress(this, false);
    this.#own.set(remote, own);
    return own;
  }

  /** The mapping is gone, and the next is another one: another port, or another host as well. */
  rebind(isOtherHost: boolean): void {
    const old = this.publicAddress;
    this.publicAddress = this.#outside.newAddress(this, isOtherHost);
    this.#outside.forget(old);
    this.#permitted.clear();
  }

  deliver(datagram: Datagram): void {
    if (!this.#letsIn(datagram)) {
      this.refused++;
      this.#outside.drop(datagram);
      return;
    }
    datagram.to = this.#inside.address;
    this.#inside.deliver(datagram);
  }

  #letsIn({ from, to }: Datagram): boolean {
    switch (this.kind) {
      case 'fullCone':
        return true;
      case 'addressRestricted':
        return [...this.#permitted].some((peer) => this.#outside.isSameHost(peer, from));
      case 'portRestricted':
        return this.#permitted.has(from);
      case 'symmetric':
        return this.#own.get(from) === to;
    }
  }
}
