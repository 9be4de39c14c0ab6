/**
 * The processes of a case: a server, its clients, and what each has counted.
 *
 * Called by the cases. Each process is started and ended here. Invariant: a process whose parent has gone ends by itself,
 * and what a process fails of becomes the case's error.
 */

import { type ChildProcess, fork } from 'node:child_process';
import type { Counts, Door } from './transport.js';

/** What a role is told in its first argument. */
export interface Task {
  readonly transport: string;
  /** Undefined: it is the server. */
  readonly doors?: readonly Door[];
  readonly channels: number;
  readonly clientSockets: number;
  readonly serverSockets: number;
  /** Worker threads that serve one port; 0: the server is one endpoint, or `serverSockets` of them, on its main thread. */
  readonly workers: number;
  /** Who writes in bulk; none in round trips. */
  readonly isServerPouring: boolean;
  /** Requests a second; 0: the next one leaves when an answer is there. Of round trips only. */
  readonly rate: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
}

/** What one process has counted so far. */
export interface Snapshot extends Counts {
  readonly ms: number;
  readonly cpuUs: number;
  readonly contextSwitches: number;
  /** That its application has received, of each channel; of a server with workers, of each of them. */
  readonly bytes: readonly number[];
  readonly isSettled: boolean;
}

/** Which files the processes run, and how many clients there are. */
export interface Cast {
  readonly server: URL;
  readonly client: URL;
  readonly clients: number;
}

const STDERR_LIMIT = 2000;

export class Role {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting: ((message: unknown) => void)[] = [];
  readonly #arrived: unknown[] = [];
  readonly #fail: (error: Error) => void;
  #stderr = '';

  /** @param fail called when the process ends before `end` */
  constructor(script: URL, task: Task, fail: (error: Error) => void) {
    this.#name = task.doors === undefined ? 'server' : 'client';
    this.#fail = fail;
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
    this.#child = fork(script, [JSON.stringify(task)], { stdio: [...stdio] });
    this.#child.stderr?.on('data', (bytes) => {
      this.#stderr = (this.#stderr + bytes).slice(-STDERR_LIMIT);
    });
    this.#child.on('message', (message) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#arrived.push(message);
      else next(message);
    });
    this.#child.on('close', () => this.#onClose());
  }

  /** The next thing that it says. */
  next<T>(): Promise<T> {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift() as T);
    return new Promise((resolve) => {
      this.#waiting.push((message) => resolve(message as T));
    });
  }

  /** The answer takes a turn of its event loop. */
  snapshot(): Promise<Snapshot> {
    this.#child.send('snapshot');
    return this.next<Snapshot>();
  }

  end(): void {
    this.#child.removeAllListeners('close');
    this.#child.kill('SIGKILL');
  }

  #onClose(): void {
    const lines = this.#stderr.trim().split('\n');
    const said = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
    this.#fail(new Error(`the ${this.#name} ended by itself${said ? `: ${said.trim()}` : ''}`));
  }
}

/** Runs `measure` with all processes, ends them, and gives what it gives. */
export async function withRoles<T>(
  cast: Cast,
  task: Task,
  limitSeconds: number,
  measure: (server: Role, clients: readonly Role[]) => Promise<T>,
): Promise<T> {
  const roles: Role[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const hurry = (): void => reject(new Error(`no result within ${limitSeconds.toFixed(1)} s`));
      timer = setTimeout(hurry, limitSeconds * 1000);
      const start = (script: URL, own: Task): Role => {
        const role = new Role(script, own, reject);
        roles.push(role);
        return role;
      };
      const run = async (): Promise<T> => {
        const server = start(cast.server, task);
        const doors = await server.next<readonly Door[]>();
        const clients = Array.from({ length: cast.clients }, () =>
          start(cast.client, { ...task, doors }),
        );
        await Promise.all(clients.map((client) => client.next<'ready'>()));
        return measure(server, clients);
      };
      run().then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    for (const role of roles) role.end();
  }
}
