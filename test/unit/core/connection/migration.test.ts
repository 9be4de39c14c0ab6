/** What path frames and packets from elsewhere do (wire-format.md, M1 to M14): two endpoints, and addresses as a test wants. */

import { describe, expect, it } from 'vitest';
import { PATHS_MAX, SWITCHES_BURST } from '../../../../lib/core/connection/paths.js';
import { Rng } from '../../../sim/rng.js';
import { CoreNode, join, type Sent } from '../../../support/core-node.js';

/** The client's first address, and the server's. */
const HOME = 1;
const SERVER = 9;
/** Of a packet: where the id is. */
const idOf = ({ bytes }: Sent): string => Buffer.from(bytes.subarray(1, 9)).toString('hex');

function make() {
  const config = { keepAliveUs: Number.POSITIVE_INFINITY, idleTimeoutUs: 600_000_000 };
  const client = new CoreNode({ name: 1, random: new Rng(1).asRandom(), config });
  const server = new CoreNode({ name: 2, random: new Rng(2).asRandom(), config });
  let nowUs = join(client, server, HOME, SERVER);
  const pass = (us: number) => {
    nowUs += us;
  };
  /** The client says something; it arrives from there. Returns what the server sends then. */
  const speak = (from: number): Sent[] => {
    client.connection.sendDatagram(new Uint8Array(600));
    const sent = client.turn([], nowUs);
    return server.turn(
      sent.map(({ bytes }) => ({ from, bytes })),
      nowUs,
    );
  };
  /** The client gets that, and its answers arrive from `from`. */
  const answer = (sent: readonly Sent[], from: number): Sent[] => {
    const answers = client.turn(
      sent.map(({ bytes }) => ({ from: SERVER, bytes })),
      nowUs,
    );
    return server.turn(
      answers.map(({ bytes }) => ({ from, bytes })),
      nowUs,
    );
  };
  const to = (sent: readonly Sent[], address: number) => sent.filter((one) => one.to === address);
  return { client, server, pass, speak, answer, to, now: () => nowUs };
}

describe('a peer at another address', () => {
  it('is asked there, in 1,200 bytes, and at its old address, and followed once it has answered', () => {
    const { server, speak, answer, to } = make();
    const sent = speak(2);
    expect(server.connection.peer).toBe(2);
    expect(to(sent, 2).some(({ bytes }) => bytes.length === 1200)).toBe(true);
    expect(to(sent, HOME).map(({ bytes }) => bytes.length)).toEqual([1200]);
    answer(to(sent, 2), 2);
    expect(server.connection.stats()).toMatchObject({ pathSwitches: 1, pathsValidated: 1 });
    expect(server.connection.paths.all.map(({ peer }) => peer)).toEqual([2]);
    expect(server.addresses.pinned).toBe(1);
  });

  it('has proved nothing by an answer that comes from a third address', () => {
    const { server, speak, answer, to } = make();
    answer(to(speak(2), 2), 3);
    expect(server.connection.stats()).toMatchObject({ pathsValidated: 0 });
    expect(server.connection.stats().strayPathResponses).toBeGreaterThan(0);
  });

  it('has not moved back by an answer that comes from its old address, nor proved the new one', () => {
    const { server, speak, answer, to } = make();
    answer(to(speak(2), HOME), HOME);
    expect(server.connection.peer).toBe(2);
    expect(server.connection.paths.isPreviousAlive).toBe(true);
    expect(server.connection.stats()).toMatchObject({ pathsValidated: 0, strayPathResponses: 0 });
  });

  it('has proved nothing by an answer that comes too late', () => {
    const { server, speak, answer, to, pass, now } = make();
    const sent = to(speak(2), 2);
    pass(4_000_000);
    server.turn([], now());
    expect(server.connection.peer).toBe(HOME);
    answer(sent, 2);
    expect(server.connection.stats()).toMatchObject({ pathsValidated: 0, pathsFailed: 1 });
  });

  it('is not believed sooner for having been left, and for longer each time', () => {
    const { server, speak, pass, now } = make();
    const refusedFor = () => {
      const { pathSwitches } = server.connection.stats();
      let us = 0;
      for (; server.connection.stats().pathSwitches === pathSwitches; us += 100_000) {
        pass(100_000);
        speak(2);
      }
      pass(4_000_000);
      server.turn([], now());
      return us;
    };
    speak(2);
    speak(HOME);
    const waits = [refusedFor(), refusedFor(), refusedFor()];
    expect(waits[0]).toBeLessThanOrEqual(1_100_000);
    expect(waits[2]).toBeGreaterThan(0);
    expect(server.connection.stats().pathsRefused).toBeGreaterThan(5);
  });

  it('comes back to its old address at once', () => {
    const { server, speak } = make();
    speak(2);
    speak(HOME);
    expect(server.connection.peer).toBe(HOME);
    expect(server.connection.stats()).toMatchObject({ pathSwitches: 1, pathsFailed: 1 });
  });

  it('does not move the connection with a packet that others have overtaken', () => {
    const { client, server, speak, now } = make();
    client.connection.sendDatagram(new Uint8Array(100));
    const [late] = client.turn([], now());
    speak(HOME);
    server.turn([{ from: 2, bytes: late.bytes }], now());
    expect(server.connection.peer).toBe(HOME);
    expect(server.connection.paths.all).toHaveLength(1);
  });
});

describe('a flood of addresses', () => {
  it('takes no more places than there are, and no more than a few changes', () => {
    const { client, server, speak, now, pass } = make();
    for (let address = 10; address < 1000; address++) {
      pass(1000);
      // Acknowledgements arrive, so that the client goes on; questions do not.
      const sent = speak(address).filter(({ bytes }) => bytes.length < 1000);
      client.turn(
        sent.map(({ bytes }) => ({ from: SERVER, bytes })),
        now(),
      );
    }
    const { paths } = server.connection;
    expect(paths.all.length).toBeLessThanOrEqual(PATHS_MAX);
    expect(server.addresses.pinned).toBe(paths.all.length);
    expect(paths.switches).toBeLessThanOrEqual(SWITCHES_BURST + 1);
    expect(paths.refused).toBeGreaterThan(50);
  });

  it('is not what a phone on a train is: a new address every two seconds', () => {
    const { server, speak, answer, to, pass } = make();
    for (let address = 10; address < 40; address++) {
      answer(to(speak(address), address), address);
      pass(2_000_000);
    }
    expect(server.connection.stats()).toMatchObject({
      pathSwitches: 30,
      pathsValidated: 30,
      pathsRefused: 0,
    });
  });
});

describe('connection ids', () => {
  it('stay where a NAT has changed the address', () => {
    const { speak, to } = make();
    const before = idOf(speak(HOME)[0] ?? speak(HOME)[0]);
    expect(new Set(to(speak(2), 2).map(idOf))).toEqual(new Set([before]));
  });

  it('change with those of a peer that has changed its own', () => {
    const { client, speak, to } = make();
    const before = idOf(speak(HOME)[0] ?? speak(HOME)[0]);
    expect(client.connection.rotateRemoteId()).toBe(true);
    const sent = speak(2);
    expect(to(sent, 2).length).toBeGreaterThan(0);
    expect(to(sent, 2).map(idOf)).not.toContain(before);
  });

  it('that are used up let no such peer move, and nothing throws', () => {
    const { client, server, speak } = make();
    while (server.connection.rotateRemoteId());
    expect(client.connection.rotateRemoteId()).toBe(true);
    for (let address = 2; address < 40; address++) expect(speak(address)).toBeDefined();
    expect(server.connection.peer).toBe(HOME);
    expect(server.connection.stats().pathsRefused).toBeGreaterThan(0);
    expect(server.connection.stats().pathSwitches).toBe(0);
    expect(server.connection.phase).toBe('open');
  });
});
