/**
 * What an application wants to see done, and what it is given to do it.
 *
 * Types only. A session begins its goals when the connection is there, and tells them what arrives.
 *
 * Invariant: a goal that is reached stays so.
 */

import type { Scheduler } from '../clock/scheduler.js';
import type { AppConnection, AppStream } from '../core-face.js';
import type { Rng } from '../rng.js';
import type { Unread } from './unread.js';

/** 0: the side that the scenario names first; 1: the other one. */
export type Side = 0 | 1;

/** What a goal may use of one side. */
export interface GoalSide {
  readonly connection: AppConnection;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  /** Bytes that a stream holds before it pushes back, as configured. */
  readonly sendBuffer: number;
  /** Bytes that wait to be read on this side. */
  readonly unread: Unread;
  /** This side has closed the connection, or knows that it is closed: what is not done yet may fail. */
  readonly isOver: boolean;
  /** After calling the core outside a turn. */
  wake(): void;
}

export interface Goal {
  /** Who begins it. */
  readonly side: Side;
  readonly isReached: boolean;
  /** Whoever begins it has nothing more to hand to the core: a graceful close may come now. */
  readonly isWritten: boolean;
  /** The side that begins it has its connection. `index`: this goal's place in the session. */
  begin(own: GoalSide, index: number): void;
  /** The other side has its connection. */
  join(other: GoalSide): void;
  /** The peer of who began opened this stream, or the other way round. True when it is this goal's. */
  takeStream?(stream: AppStream): boolean;
  /** True when it is this goal's. */
  takeMessage?(bytes: Uint8Array): boolean;
  takeDatagram?(bytes: Uint8Array): boolean;
  onMessageDone?(token: number, code: number): void;
  onDatagramRoom?(): void;
  /** That side closes the connection gracefully, in the middle of everything: it ends what it has begun. */
  cut?(side: Side): void;
  /** For a failure: how far it came. */
  describe(): string;
}

/** What `stream.data` holds: the owner of one end of a stream. */
export interface StreamEnd {
  onReadable(): void;
  onWritable(): void;
  onFinished(): void;
  onReset(code: number): void;
  onStopped(code: number): void;
}
