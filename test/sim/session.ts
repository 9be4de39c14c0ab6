/**
 * What two peers have to do with each other: who connects, what is to be done, and how it ends.
 *
 * It belongs to both peers; each tells it what happens on its side.
 *
 * Invariant: on each side there is at most one connection at any time that the application knows of.
 */

import type { AppConnection, AppStream } from './core-face.js';
import { SimulationFailure } from './failure.js';
import type { Goal, GoalSide, Side } from './goals/goal.js';
import { goalOf } from './goals/message-goal.js';

export interface CloseSpec {
  readonly side: Side | 'both';
  readonly isGraceful: boolean;
  /** Once everything is delivered, as soon as everything is written, or so many us after the connection is there. */
  readonly when: 'delivered' | 'written' | number;
}

export interface SessionSpec {
  /** Who calls `connect`, and how much later than the beginning, us. */
  readonly connects: readonly { readonly side: Side; readonly atUs: number }[];
  /** Who connects does not know the other one's key (XX instead of IK). */
  readonly areStrangers: boolean;
  readonly goals: () => readonly Goal[];
  readonly close: CloseSpec;
}

export const CLOSE_CODE = 4242;
/** Goals that are listed when a run fails. */
const LINES = 20;

export class Session {
  readonly goals: readonly Goal[];
  readonly spec: SessionSpec;
  readonly connections: (AppConnection | undefined)[] = [undefined, undefined];
  /** How it ended, on each side. */
  readonly closed: (AppConnection['closed'] | undefined)[] = [undefined, undefined];
  isClosing = false;
  #reached = 0;
  #written = 0;

  constructor(spec: SessionSpec) {
    this.spec = spec;
    this.goals = spec.goals();
  }

  /** Both sides have their connection. */
  get isOpen(): boolean {
    return this.connections[0] !== undefined && this.connections[1] !== undefined;
  }

  /** All goals are reached, and both sides have their connection. */
  get isReached(): boolean {
    if (!this.isOpen) return false;
    while (this.#reached < this.goals.length && this.goals[this.#reached].isReached) {
      this.#reached++;
    }
    return this.#reached === this.goals.length;
  }

  get isWritten(): boolean {
    while (this.#written < this.goals.length && this.goals[this.#written].isWritten) {
      this.#written++;
    }
    return this.#written === this.goals.length;
  }

  get isClosed(): boolean {
    return this.closed[0] !== undefined && this.closed[1] !== undefined;
  }

  /** The application of that side hears of a connection. True when it is news. */
  open(side: Side, connection: AppConnection, own: GoalSide): boolean {
    const known = this.connections[side];
    if (known === connection) return false;
    if (known !== undefined) throw new SimulationFailure(`side ${side} has two connections`);
    this.connections[side] = connection;
    this.goals.forEach((goal, index) => {
      if (goal.side === side) goal.begin(own, index);
      else goal.join(own);
    });
    return true;
  }

  end(side: Side, connection: AppConnection): void {
    const { closed } = connection;
    if (closed === undefined) throw new SimulationFailure('closed, and nothing says why');
    if (connection !== this.connections[side]) {
      throw new SimulationFailure(`side ${side} hears of the end of a connection it never had`);
    }
    if (this.closed[side] !== undefined) throw new SimulationFailure('closed twice');
    if (!this.isClosing) {
      throw new SimulationFailure(
        `side ${side} lost its connection: ${closed.origin} ${closed.name} ${closed.reason}`,
      );
    }
    this.closed[side] = closed;
  }

  takeStream(side: Side, stream: AppStream): void {
    for (const goal of this.goals) {
      if (goal.side !== side && goal.takeStream?.(stream)) return;
    }
    throw new SimulationFailure(`side ${side} got stream ${stream.id}, which nobody opened`);
  }

  takeMessage(side: Side, bytes: Uint8Array): void {
    const isTaken = this.#candidates(side, bytes).some((goal) => goal.takeMessage?.(bytes));
    if (!isTaken) throw new SimulationFailure(`side ${side} got a message that nobody sent`);
  }

  takeDatagram(side: Side, bytes: Uint8Array): void {
    const isTaken = this.#candidates(side, bytes).some((goal) => goal.takeDatagram?.(bytes));
    if (!isTaken) throw new SimulationFailure(`side ${side} got a datagram that nobody sent`);
  }

  describe(): string[] {
    const missed = this.goals.filter((goal) => !goal.isReached);
    const reached = this.goals.length - missed.length;
    const lines = missed.slice(0, LINES).map((goal) => `not reached: ${goal.describe()}`);
    return [`${reached} of ${this.goals.length} goals are reached`, ...lines];
  }

  /** The goals of the other side that these bytes may be from: one, unless they are too short to say. */
  #candidates(side: Side, bytes: Uint8Array): readonly Goal[] {
    const index = goalOf(bytes);
    const named = index < 0 ? this.goals : this.goals.slice(index, index + 1);
    return named.filter((goal) => goal.side !== side);
  }
}
