/**
 * A laboratory: two network namespaces, the emulated link between them, and programs in them.
 *
 * Called by the scenarios and by tests. It knows no transport. Invariant: whoever opens one closes it in a `finally`; all
 * that it has started ends then, by its process id, and both namespaces are gone.
 */

import { fileURLToPath } from 'node:url';
import { type Child, Children } from '../../lib/cli/bench/children.js';
import { buildEmulator } from './emulator.js';
import { type LabCounts, type LinkOptions, linkArguments } from './link.js';
import { addNamespace, deleteNamespace, ip, onEnding, setSysctl } from './namespaces.js';

export const ADDRESSES = { a: '10.77.0.1', b: '10.77.0.2', b2: '10.77.0.3' } as const;
export type Side = 'a' | 'b';
/** Where on side b: it has two addresses. */
export type Place = 'b' | 'b2';
/** Algorithms of the kernel's TCP. */
export type KernelCongestion = 'cubic' | 'bbr';

export interface LabOptions {
  /** Both directions; `aToB` and `bToA` say what is different in one. */
  readonly link?: LinkOptions;
  readonly aToB?: LinkOptions;
  readonly bToA?: LinkOptions;
  readonly mtu?: number;
  readonly seed?: number;
}

const DEVICE = 'lab0';
/** The kernel's own queue before the emulator: room for what comes while the emulator is not running. */
const DEVICE_QUEUE = '4096';
const LOADER = fileURLToPath(new URL('../micro/typescript.mjs', import.meta.url));

export class Lab {
  readonly #namespaces: Readonly<Record<Side, string>>;
  readonly #children = new Children();
  readonly #forget: () => void;
  #emulator: Child | undefined;

  private constructor(namespaces: Readonly<Record<Side, string>>) {
    this.#namespaces = namespaces;
    this.#forget = onEnding(() => void this.#children.endAll());
  }

  static async open(options: LabOptions = {}): Promise<Lab> {
    const { path } = buildEmulator();
    const lab = new Lab({ a: await addNamespace(), b: await addNamespace() });
    try {
      await lab.#start(path, options);
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** Starts a program of bench/netlab/programs in the namespace of `side`, with a task as JSON. */
  program(side: Side, name: string, task: object): LabProgram {
    const file = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
    const node = [process.execPath, '--import', LOADER, file, JSON.stringify(task)];
    const args = ['netns', 'exec', this.#namespaces[side], ...node];
    return new LabProgram(name, this.#children.start({ command: 'ip', args }));
  }

  /**
   * What the kernel's TCP uses from a to this place. By route: the setting of a namespace takes only what the whole machine
   * allows to everybody (tcp_allowed_congestion_control), and the machine is not ours to change.
   */
  async setCongestion(place: Place, name: KernelCongestion): Promise<void> {
    const to = [ADDRESSES[place], 'dev', DEVICE, 'src', ADDRESSES.a];
    await ip('-n', this.#namespaces.a, 'route', 'replace', ...to, 'congctl', name);
  }

  /** Whether a connection of the kernel's TCP in namespace a uses this algorithm: ss(8) knows. */
  async isUsingCongestion(name: KernelCongestion): Promise<boolean> {
    const ss = ['ss', '-tinH', 'state', 'established'];
    const said = await ip('netns', 'exec', this.#namespaces.a, ...ss);
    return said.split(/\s+/).includes(name);
  }

  /** Ends the link, everything in it and both namespaces; gives what the link has counted, if it ever ran. */
  async close(): Promise<LabCounts | undefined> {
    let counts: LabCounts | undefined;
    if (this.#emulator !== undefined) {
      this.#emulator.closeInput();
      const line = await this.#emulator.nextLine();
      if (line !== null) counts = JSON.parse(line) as LabCounts;
    }
    await this.#children.endAll();
    this.#forget();
    for (const name of Object.values(this.#namespaces)) await deleteNamespace(name);
    return counts;
  }

  async #start(path: string, options: LabOptions): Promise<void> {
    const { a, b } = this.#namespaces;
    for (const name of [a, b]) await quieten(name);
    const args = [
      ...['--a', a, '--b', b, '--device', DEVICE, '--seed', String(options.seed ?? 1)],
      ...linkArguments(options.link ?? {}, ''),
      ...linkArguments(options.aToB ?? {}, 'ab-'),
      ...linkArguments(options.bToA ?? {}, 'ba-'),
    ];
    const emulator = this.#children.start({ command: path, args });
    if ((await emulator.nextLine()) === null) throw new Error((await emulator.ended()).stderr);
    this.#emulator = emulator;
    await this.#connect(options.mtu ?? 1500);
  }

  /** Addresses and routes; from then on packets flow. */
  async #connect(mtu: number): Promise<void> {
    const { a, b } = this.#namespaces;
    const { a: left, b: right, b2: second } = ADDRESSES;
    await ip('-n', a, 'address', 'add', left, 'peer', right, 'dev', DEVICE);
    await ip('-n', b, 'address', 'add', right, 'peer', left, 'dev', DEVICE);
    await ip('-n', b, 'address', 'add', second, 'dev', DEVICE);
    const up = ['mtu', String(mtu), 'txqueuelen', DEVICE_QUEUE, 'up'];
    for (const name of [a, b]) await ip('-n', name, 'link', 'set', 'dev', DEVICE, ...up);
    await ip('-n', a, 'route', 'add', second, 'dev', DEVICE, 'src', left);
  }
}

/** Packets that nobody asked for would take part in chance: no IPv6, no router solicitations. */
async function quieten(namespace: string): Promise<void> {
  for (const scope of ['all', 'default']) {
    // A kernel without IPv6 has no such setting, and needs none.
    await setSysctl(namespace, `net.ipv6.conf.${scope}.disable_ipv6`, '1').catch(() => {});
  }
}

/** A program in the laboratory: it says things as lines of JSON, and ends when its input is closed. */
export class LabProgram {
  readonly #name: string;
  readonly #child: Child;

  constructor(name: string, child: Child) {
    this.#name = name;
    this.#child = child;
  }

  /** The next thing that it says. */
  async next<T>(): Promise<T> {
    const line = await this.#child.nextLine();
    if (line !== null) return JSON.parse(line) as T;
    const { stderr } = await this.#child.ended();
    throw new Error(`${this.#name} ended by itself: ${stderr.trim().slice(-500)}`);
  }

  /** Asks it to end; what it still says can be read. */
  finish(): void {
    this.#child.closeInput();
  }
}
