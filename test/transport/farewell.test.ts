/**
 * The last words of a connection: a peer that has everything and closes at once has told that it has everything.
 */

import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import type { TransportStream } from '../../lib/index.js';
import { within } from '../conformance/support/waiting.js';
import { hashOf, seeded } from './support/bytes.js';
import { pair } from './support/pair.js';
import { engines } from './support/variants.js';

describe.each(engines)('the farewell: $name', (variant) => {
  it.each(['close', 'destroy'] as const)(
    'by %s in the listener of the end acknowledges it',
    async (how) => {
      const { here, there } = await pair(variant);
      const accepted = once(there, 'stream');
      const stream = here.openStream();
      stream.end('question');
      const [peer] = (await accepted) as [TransportStream];
      await once(stream, 'finish');
      const failures: Error[] = [];
      peer.on('error', (error) => failures.push(error));
      stream.resume().on('end', () => void here[how]());
      // One packet: nothing else makes the other side acknowledge at once.
      peer.resume().end('answer');
      await within(Promise.all([there.closed, once(peer, 'close')]), () => "'close' of the stream");
      expect(failures).toEqual([]);
      expect(peer.writableFinished).toBe(true);
    },
  );

  it('at once after writing leaves no stream without an end', async () => {
    const { here, there } = await pair(variant);
    const accepted = once(there, 'stream');
    const stream = here.openStream({ unidirectional: true });
    stream.on('error', () => {});
    const bytes = seeded(30_000);
    stream.end(bytes);
    // The bytes are on their way when it ends.
    setImmediate(() => void here.destroy());
    const info = await within(there.closed, () => 'closed');
    expect(info).toMatchObject({ origin: 'remote', code: 0 });
    const told = await Promise.race([
      accepted,
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ]);
    if (told === undefined) return;
    const [peer] = told as [TransportStream];
    const chunks: Buffer[] = [];
    peer.on('data', (chunk) => chunks.push(chunk));
    // The whole, or an error that says that it is not: 'close' without 'end' is one to `finished`, pipelines and loops.
    const failure: unknown = await within(finished(peer), () => 'an end').catch((error) => error);
    const got = Buffer.concat(chunks);
    expect(hashOf(got)).toBe(hashOf(bytes.subarray(0, got.length)));
    if (failure === undefined) expect(got.length).toBe(bytes.length);
    else expect(failure).toMatchObject({ code: expect.stringMatching(/PREMATURE|CLOSED/) });
  });
});
