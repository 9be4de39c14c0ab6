/**
 * What endpoints do to their process: keep it alive, let it go, and survive what the application throws.
 */

import { describe, expect, it } from 'vitest';
import { type Program, start as startProgram } from '../conformance/support/child.js';
import { engines, type Variant } from './support/variants.js';

const MAIN = new URL('../../dist/index.js', import.meta.url).href;

/** Two endpoints and a connection between them, in a process of its own. */
const PRELUDE = `
  import { once } from 'node:events';
  import { Endpoint } from '{{main}}';
  process.on('beforeExit', () => console.log('nothing left to do'));
  const server = await Endpoint.bind({{options}});
  const client = await Endpoint.bind({{options}});
  const { address, port } = server.address;
  const where = { address, port, publicKey: server.publicKey };
`;

function start(source: string, variant: Variant, prelude = PRELUDE): Program {
  const options = JSON.stringify({ address: '127.0.0.1', ...variant.options });
  const text = `${prelude}${source}`;
  return startProgram(text.replaceAll('{{main}}', MAIN).replaceAll('{{options}}', options));
}

async function linesOf(program: Program): Promise<string[]> {
  const lines = await program.lines();
  expect(program.stderr).toBe('');
  return lines;
}

describe.each(engines)('a process with endpoints: $name', (variant) => {
  it('ends by itself when they are closed', async () => {
    const program = start(
      `
      server.on('connection', (connection) => {
        connection.on('stream', (stream) => stream.pipe(stream));
      });
      const connection = await client.connect(where);
      const stream = connection.openStream();
      stream.end('hello');
      for await (const bytes of stream) console.log(String(bytes));
      await connection.close();
      await Promise.all([client.close(), server.close()]);
      console.log('closed');
      `,
      variant,
    );
    expect(await linesOf(program)).toEqual(['hello', 'closed', 'nothing left to do']);
    expect(program.exit).toBe(0);
  });

  it('ends in spite of open ones that are unreferenced, with a live connection', async () => {
    const program = start(
      `
      server.on('connection', () => {});
      const connection = await client.connect(where);
      await connection.sendMessage(Buffer.from('x'));
      console.log('connected');
      server.unref();
      client.unref();
      `,
      variant,
    );
    expect(await linesOf(program)).toEqual(['connected', 'nothing left to do']);
    expect(program.exit).toBe(0);
  });

  it('is kept alive by one that is referenced again', async () => {
    const program = start(
      `
      client.close();
      server.unref().ref();
      // Does not hold the process itself.
      setTimeout(() => {
        console.log('still here');
        server.close();
      }, 500).unref();
      `,
      variant,
    );
    expect(await linesOf(program)).toEqual(['still here', 'nothing left to do']);
    expect(program.exit).toBe(0);
  });

  it('ends when process.exit is called in a listener', async () => {
    const program = start(
      `
      server.on('connection', (connection) => connection.on('stream', () => process.exit(7)));
      const connection = await client.connect(where);
      connection.openStream().write('x');
      `,
      variant,
    );
    await linesOf(program);
    expect(program.exit).toBe(7);
  });

  it('hears of everything that its callbacks throw, and all goes on', async () => {
    const program = start(
      `
      const caught = new Set();
      process.on('uncaughtException', (error) => caught.add(error.message));
      const fail = (what) => () => { throw new Error(what); };
      server.on('connection', (connection) => {
        connection.on('message', fail('message'));
        connection.on('datagram', fail('datagram'));
        connection.on('close', fail('connection close'));
        connection.on('stream', (stream) => {
          // First, since Node leaves the listeners out that stand behind one that throws.
          stream.on('error', () => {}).pipe(stream);
          stream.on('data', fail('data'));
          stream.on('end', fail('end'));
          throw new Error('stream');
        });
        throw new Error('connection');
      });
      const connection = await client.connect(where);
      const stream = connection.openStream();
      stream.write('one ', fail('write callback'));
      stream.on('finish', fail('finish'));
      stream.on('close', fail('stream close'));
      stream.end('two');
      let text = '';
      for await (const bytes of stream) text += bytes;
      console.log(text);
      connection.sendDatagram(Buffer.from('x'));
      for (let number = 0; number < 3; number++) await connection.sendMessage(Buffer.from('x'));
      const borrowed = connection.openStream();
      borrowed.readBorrowed(fail('borrowed'));
      borrowed.end('three');
      await once(borrowed, 'end');
      server.on('close', fail('endpoint close'));
      await connection.close();
      await client.close();
      await server.close();
      setImmediate(() => {
        console.log([...caught].sort().join());
      });
      `,
      variant,
    );
    const all =
      'borrowed,connection,connection close,data,datagram,end,endpoint close,finish,message,stream,stream close,write callback';
    expect(await linesOf(program)).toEqual(['one two', all, 'nothing left to do']);
    expect(program.exit).toBe(0);
  });

  it('hears of an authorize that throws, which is a no', async () => {
    const program = start(
      `
      process.on('uncaughtException', (error) => console.log('caught ' + error.message));
      server.on('connection', () => {});
      const picky = await Endpoint.bind({ ...{{options}}, authorize: () => { throw new Error('unsure'); } });
      const { publicKey, ...anybody } = where;
      await picky.connect(anybody).catch(({ code }) => console.log(code));
      await Promise.all([picky.close(), client.close(), server.close()]);
      `,
      variant,
    );
    const lines = await linesOf(program);
    expect(lines.sort()).toEqual([
      'ERR_CONNECT_UNAUTHORIZED',
      'caught unsure',
      'nothing left to do',
    ]);
    expect(program.exit).toBe(0);
  });

  it('is not ended by streams of the peer that nobody has taken', async () => {
    const program = start(
      `
      server.on('connection', () => {});
      const connection = await client.connect(where);
      const stream = connection.openStream();
      stream.on('error', () => {});
      stream.write('x');
      await connection.sendMessage(Buffer.from('x'));
      stream.destroy(Object.assign(new Error('mine'), { code: 1 }));
      await connection.sendMessage(Buffer.from('x'));
      connection.destroy({ code: 9 });
      await Promise.all([client.close(), server.close()]);
      console.log('closed');
      `,
      variant,
    );
    expect(await linesOf(program)).toEqual(['closed', 'nothing left to do']);
    expect(program.exit).toBe(0);
  });
});
