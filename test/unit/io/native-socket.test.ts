/** What the native engine says of itself, with a handle that the test brings. */

import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../lib/io/batch-socket.js';
import { openNativeSocket } from '../../../lib/io/native-socket.js';
import type { Binding, UdpSocketInfo } from '../../../lib/native/binding.js';

const OPTIONS: EngineOptions = {
  address: '127.0.0.1',
  port: 0,
  ipv6Only: false,
  reusePort: false,
  gso: true,
  gro: true,
  receiveBufferSize: 65536,
  sendBufferSize: 65536,
  maxPeers: 1024,
};

const ALL: UdpSocketInfo = {
  address: '127.0.0.1',
  port: 4433,
  family: 'IPv4',
  gso: true,
  gro: true,
  ecn: true,
  pktinfo: true,
  steering: false,
  sendmmsg: true,
  recvmmsg: true,
  receiveBufferSize: 65536,
  sendBufferSize: 65536,
};

function bindingWith(info: Partial<UdpSocketInfo>): Binding {
  class Handle {
    info(): UdpSocketInfo {
      return { ...ALL, ...info };
    }
    attach(): void {}
    start(): void {}
    listen(): void {}
  }
  const UdpSocket = Handle as unknown as Binding['UdpSocket'];
  return { UdpSocket } as Partial<Binding> as Binding;
}

function reasonOf(info: Partial<UdpSocketInfo>, options = OPTIONS): string | undefined {
  return openNativeSocket(bindingWith(info), options).info.reason;
}

describe('the reason of the native engine', () => {
  it('is absent when all runs that was asked for', () => {
    expect(reasonOf({})).toBeUndefined();
    expect(reasonOf({ gso: false, gro: false }, { ...OPTIONS, gso: false, gro: false })).toBe(
      undefined,
    );
  });

  it('names each thing that the kernel refuses', () => {
    expect(reasonOf({ gso: false })).toMatch(/UDP_SEGMENT/);
    expect(reasonOf({ gro: false })).toMatch(/UDP_GRO/);
    expect(reasonOf({ ecn: false })).toMatch(/IP_RECVTOS/);
    expect(reasonOf({ gso: false, gro: false, ecn: false })).toMatch(/SEGMENT.*GRO.*RECVTOS/);
  });
});
