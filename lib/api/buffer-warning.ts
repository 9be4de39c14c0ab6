/**
 * One warning in a process when the kernel gave a socket smaller buffers than it was asked for. Called by `bind`.
 *
 * A size that the caller named is always worth it; the default of 4 MiB only when less than 1 MiB came of it, where
 * bursts begin to be lost.
 *
 * Invariant: at most one warning in a process.
 */

import type { BatchSocket } from '../io/batch-socket.js';
import type { BindConfig } from './bind-options.js';

const DEFAULT_WORTH_A_WARNING = 1 << 20;

let warned = false;

interface Buffer {
  readonly option: string;
  readonly sysctl: string;
  readonly asked: number;
  readonly got: number;
  readonly given: boolean;
}

export function warnWhenClamped(engine: BatchSocket, config: BindConfig): void {
  if (warned) return;
  const buffers: readonly Buffer[] = [
    {
      option: 'receiveBufferSize',
      sysctl: 'net.core.rmem_max',
      asked: config.receiveBufferSize,
      got: engine.receiveBufferSize,
      given: config.receiveBufferGiven,
    },
    {
      option: 'sendBufferSize',
      sysctl: 'net.core.wmem_max',
      asked: config.sendBufferSize,
      got: engine.sendBufferSize,
      given: config.sendBufferGiven,
    },
  ];
  const clamped = buffers.filter(isClamped);
  if (clamped.length === 0) return;
  warned = true;
  const facts = clamped.map(({ option, asked, got }) => `${option}: ${got} of ${asked} bytes`);
  const remedies = clamped.map(({ sysctl, asked }) => `sysctl -w ${sysctl}=${asked}`);
  const remedy = process.platform === 'linux' ? `Remedy, as root: ${remedies.join('; ')}` : '';
  process.emitWarning(`burstwire: the system gave a smaller socket buffer: ${facts.join(', ')}`, {
    code: 'BURSTWIRE_BUFFER_CLAMPED',
    detail: remedy,
  });
}

function isClamped({ asked, got, given }: Buffer): boolean {
  return got < asked && (given || got < DEFAULT_WORTH_A_WARNING);
}
