/**
 * What has something to send, in turn: a circle for each urgency, linked through its members themselves.
 *
 * It knows no bytes and allocates nothing but the list of circles, with the first member: an idle connection has none. Every
 * call takes the same time however many members there are. Called by turns.ts.
 *
 * Invariants: a member is in one circle at most (`isQueued`), that of its urgency, which does not change meanwhile; the
 * first of all is of the most urgent circle that is not empty.
 */

import { URGENCY_MAX } from './priority.js';

/** A member, of one queue. */
export interface Queued<Member> {
  readonly urgency: number;
  isQueued: boolean;
  nextQueued: Member | undefined;
  previousQueued: Member | undefined;
}

export class SendQueue<Member extends Queued<Member>> {
  size = 0;
  /** By urgency: the member whose turn it is. Undefined before the first member. */
  #heads: (Member | undefined)[] | undefined = undefined;
  /** Bit u: there is a circle of urgency u. */
  #filled = 0;

  /** The member whose turn it is; undefined when there is none. It stays. */
  get first(): Member | undefined {
    const lowest = this.#filled & -this.#filled;
    return lowest === 0 ? undefined : this.#heads![31 - Math.clz32(lowest)];
  }

  /** The last of its urgency from now on. */
  push(member: Member): void {
    if (member.isQueued) return;
    member.isQueued = true;
    this.size++;
    const { urgency } = member;
    this.#heads ??= new Array<Member | undefined>(URGENCY_MAX + 1).fill(undefined);
    const head = this.#heads[urgency];
    if (head === undefined) {
      this.#heads[urgency] = member;
      this.#filled |= 1 << urgency;
      member.nextQueued = member;
      member.previousQueued = member;
      return;
    }
    const last = head.previousQueued!;
    member.previousQueued = last;
    member.nextQueued = head;
    last.nextQueued = member;
    head.previousQueued = member;
  }

  /** The member leaves, wherever it is. */
  remove(member: Member): void {
    if (!member.isQueued) return;
    const { urgency } = member;
    const next = member.nextQueued!;
    const previous = member.previousQueued!;
    const heads = this.#heads!;
    member.isQueued = false;
    this.size--;
    member.nextQueued = undefined;
    member.previousQueued = undefined;
    if (next === member) {
      heads[urgency] = undefined;
      this.#filled &= ~(1 << urgency);
      return;
    }
    previous.nextQueued = next;
    next.previousQueued = previous;
    if (heads[urgency] === member) heads[urgency] = next;
  }

  /** The first, which is given, becomes the last of its urgency. False when it is the only one. */
  rotate(first: Member): boolean {
    const next = first.nextQueued!;
    this.#heads![first.urgency] = next;
    return next !== first;
  }

  clear(): void {
    for (let member = this.first; member !== undefined; member = this.first) this.remove(member);
  }
}
