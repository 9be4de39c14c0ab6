/**
 * What a socket does to its process: keeps it alive, lets it go, tells it of exceptions, warns it once.
 */

import { describe, expect, it } from 'vitest';
import { start } from './support/child.js';
import { payloadOf } from './support/payloads.js';
import { open } from './support/sockets.js';
import { dgramVariant, engines, nativeVariants } from './support/variants.js';

describe.each(engines)('process: $name', (variant) => {
  it('is kept alive by an open socket, listening or not, until it is closed', async () => {
    const source = `
      import { bind } from '{{udp}}';
      process.on('beforeExit', () => console.log('nothing left to do'));
      const quiet = await bind({{options}});
      const socket = await bind({{options}});
      socket.unref().ref();
      socket.on('batch', async () => {
        console.log('received');
        await Promise.all([socket.close(), quiet.close()]);
        console.log('closed');
      });
      console.log('port ' + socket.address.port + ' ');
    `;
    const program = start(source, variant);
    const port = Number((await program.line(/port (\d+) /))[1]);
    const sender = await open(variant);
    sender.send(payloadOf(1, 1), { address: '127.0.0.1', port });
    const lines = await program.lines();
    expect(lines.slice(1)).toEqual(['received', 'closed', 'nothing left to do']);
    expect(program.exit).toBe(0);
  });

  it('ends in spite of sockets that are unreferenced', async () => {
    const source = `
      import { bind } from '{{udp}}';
      const first = await bind({{options}});
      first.on('batch', () => {});
      first.unref();
      const second = await bind({{options}});
      second.unref();
      second.on('batch', () => {});
      second.send(new Uint8Array(65508), first.address);
      void (async () => { for await (const _ of first); })();
    `;
    const program = start(source, variant);
    await program.lines();
    expect(program.exit).toBe(0);
    expect(program.stderr).toBe('');
  });

  it('ends when process.exit is called in a listener', async () => {
    const source = `
      import { bind } from '{{udp}}';
      const socket = await bind({{options}});
      socket.on('batch', () => process.exit(7));
      socket.sendBatch(Array(100).fill(new Uint8Array(10)), socket.address);
    `;
    const program = start(source, variant);
    await program.lines();
    expect(program.exit).toBe(7);
  });

  it('hears of what a listener throws, and the socket goes on', async () => {
    const source = `
      import { bind } from '{{udp}}';
      process.on('uncaughtException', (error) => console.log('caught ' + error.message));
      const socket = await bind({{options}});
      let batches = 0;
      socket.on('batch', (batch) => {
        batches++;
        const text = Buffer.from(batch.payload(0)).toString();
        if (batches < 3) {
          setImmediate(() => socket.send(Buffer.from('again ' + batches), socket.address));
          throw new Error('batch ' + text);
        }
        console.log('received ' + text);
        socket.send(new Uint8Array(65508), socket.address);
        console.log('sent');
      });
      socket.on('datagramError', ({ code }) => { throw new Error('datagramError ' + code); });
      socket.on('drain', () => {
        setImmediate(() => socket.close());
        throw new Error('drain');
      });
      socket.send(Buffer.from('first'), socket.address);
    `;
    const program = start(source, variant);
    expect(await program.lines()).toEqual([
      'caught batch first',
      'caught batch again 1',
      'received again 2',
      'sent',
      'caught datagramError EMSGSIZE',
      'caught drain',
    ]);
    expect(program.exit).toBe(0);
  });

  it('ends with what a listener throws when nobody catches it', async () => {
    const source = `
      import { bind } from '{{udp}}';
      const socket = await bind({{options}});
      socket.on('batch', () => { throw new Error('not caught'); });
      socket.send(new Uint8Array(1), socket.address);
    `;
    const program = start(source, variant);
    await program.lines();
    expect(program.exit).toBe(1);
    expect(program.stderr).toContain('Error: not caught');
  });

  it('is warned once of buffers that are smaller than it asked for', async () => {
    // 2 to the 30 is one more than Linux gives anybody.
    const source = `
      import { bind } from '{{udp}}';
      process.on('warning', ({ code, message, detail }) => console.log(code, message, detail));
      for (let index = 0; index < 3; index++) {
        const socket = await bind({ ...{{options}}, receiveBufferSize: 2 ** 30 });
        await socket.close();
      }
    `;
    const lines = await start(source, variant).lines();
    expect(lines).toEqual([
      expect.stringMatching(
        /^BURSTWIRE_BUFFER_CLAMPED .*receiveBufferSize: \d+ of 1073741824 bytes/,
      ),
    ]);
    expect(lines[0]).toContain('sysctl -w net.core.rmem_max=1073741824');
  });

  it('is not warned when it got what it asked for', async () => {
    const source = `
      import { bind } from '{{udp}}';
      process.on('warning', ({ message }) => console.log(message));
      const socket = await bind({ ...{{options}}, receiveBufferSize: 65536, sendBufferSize: 65536 });
      await socket.close();
    `;
    expect(await start(source, variant).lines()).toEqual([]);
  });

  it.each([
    ['1', 'true'],
    ['0', 'false'],
  ])('sees released bytes overwritten with BURSTWIRE_DEBUG=%s: %s', async (value, expected) => {
    const source = `
      import { bind } from '{{udp}}';
      const socket = await bind({{options}});
      const views = [];
      socket.on('batch', (batch) => {
        for (let index = 0; index < batch.length; index++) views.push(batch.payload(index));
        if (views.length === 20) setImmediate(() => {
          console.log(views.every((view) => view.length === 50 && view.every((byte) => byte === 0xdb)));
          socket.close();
        });
      });
      socket.sendBatch(Array(20).fill(new Uint8Array(50).fill(1)), socket.address);
    `;
    const lines = await start(source, variant, { BURSTWIRE_DEBUG: value }).lines();
    expect(lines).toEqual([expected]);
  });
});

const ENGINE_OF = `
  import { bind, capabilities } from '{{udp}}';
  process.on('warning', ({ code }) => console.log(code));
  const socket = await bind({ address: '127.0.0.1' });
  console.log(socket.engine.name, capabilities().engine, socket.engine.reason);
  await socket.close();
  await (await bind({ address: '127.0.0.1' })).close();
  await bind({ address: '127.0.0.1', engine: 'native' }).then(
    () => console.log('native'),
    ({ code, message }) => console.log(code, message),
  );
`;

describe('the engine of a process', () => {
  it.each(nativeVariants.slice(0, 1))('is native where it can be', async () => {
    const lines = await start(ENGINE_OF).lines();
    expect(lines).toEqual(['native native undefined', 'native']);
  });

  it('is dgram, without a warning, where native is switched off', async () => {
    const lines = await start(ENGINE_OF, undefined, { BURSTWIRE_NATIVE: '0' }).lines();
    expect(lines).toEqual([
      'dgram dgram BURSTWIRE_NATIVE=0',
      expect.stringMatching(/^ERR_ENGINE_UNAVAILABLE .*BURSTWIRE_NATIVE=0/),
    ]);
  });

  it('is dgram where Node loads no addons', async () => {
    const lines = await start(ENGINE_OF, undefined, {}, ['--no-addons']).lines();
    expect(lines[0]).toMatch(/^dgram dgram .*addon/);
    expect(lines[1]).toMatch(/^ERR_ENGINE_UNAVAILABLE/);
    expect(lines.length).toBe(2);
  });

  it.skipIf(process.platform !== 'linux')('warns once where the addon is missing', async () => {
    const env = { BURSTWIRE_NATIVE: '/nowhere/burstwire.node' };
    const lines = await start(ENGINE_OF, undefined, env).lines();
    expect(lines.filter((line) => line === 'BURSTWIRE_NO_NATIVE').length).toBe(1);
    expect(lines.filter((line) => line.startsWith('dgram dgram ')).length).toBe(1);
  });

  it('cannot be chosen by a value that is none', async () => {
    const source = `
      import { bind, OptionError } from '{{udp}}';
      try {
        bind({{options}});
      } catch (error) {
        console.log(error instanceof OptionError, error.code, error.option, error.message);
      }
    `;
    for (const name of ['BURSTWIRE_ENGINE', 'BURSTWIRE_GSO', 'BURSTWIRE_GRO', 'BURSTWIRE_DEBUG']) {
      const [line] = await start(source, dgramVariant, { [name]: 'yes' }).lines();
      expect(line).toMatch(new RegExp(`^true ERR_OPTION_RANGE ${name} .*'yes'`));
    }
  });
});
