/**
 * examples/prometheus.mjs as Prometheus would see it: the text format (every sample declared once, labels quoted, numbers
 * finite), all figures of stats(), counters that rise, and an end in good order.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Endpoint } from '../../lib/index.js';
import { root, runProgram } from '../support/run-program.js';

const DECLARED = /^# TYPE ([a-z][a-z0-9_]*) (counter|gauge)$/;
const SAMPLE = /^([a-z][a-z0-9_]*)(\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})? (\d[\d.e+-]*)$/;

interface Scrape {
  readonly types: Map<string, string>;
  /** By name and labels. */
  readonly samples: Map<string, number>;
}

/** Reads the exposition; throws for what Prometheus would refuse. */
function parse(text: string): Scrape {
  expect(text.endsWith('\n')).toBe(true);
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('# HELP ')) continue;
    const declared = DECLARED.exec(line);
    if (declared !== null) {
      expect(types.has(declared[1]), line).toBe(false);
      types.set(declared[1], declared[2]);
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null) throw new Error(`no sample: ${line}`);
    const [, name, labels = '', value] = sample;
    expect([...types.keys()].at(-1), line).toBe(name);
    expect(samples.has(name + labels), line).toBe(false);
    samples.set(name + labels, Number(value));
  }
  return { types, samples };
}

describe('examples/prometheus.mjs', () => {
  it('names every figure of stats(), and ends by itself', async () => {
    const { stdout, stderr, code } = await runProgram('examples/prometheus.mjs', {
      args: ['once'],
    });
    expect([stderr, code]).toEqual(['', 0]);
    const names = new Set(
      [...parse(stdout).types.keys()].map((name) => name.replace(/_total$/, '')),
    );
    const endpoint = await Endpoint.bind({ address: '127.0.0.1' });
    const { socket, ...stats } = endpoint.stats();
    await endpoint.close();
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const wanted = [
      ...Object.keys(stats).map((name) => `burstwire_endpoint_${snake(name)}`),
      ...Object.keys(socket).map((name) => `burstwire_socket_${snake(name)}`),
    ];
    expect(wanted.filter((name) => !names.has(name))).toEqual([]);
  });

  it('serves them over HTTP: counters rise and never fall, and SIGTERM ends it', async () => {
    const child = spawn(process.execPath, ['examples/prometheus.mjs', '0'], { cwd: root });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
    const scrape = async (): Promise<Scrape> => {
      const response = await fetch(url);
      expect(response.headers.get('content-type')).toContain('version=0.0.4');
      return parse(await response.text());
    };
    const first = await scrape();
    const received = [...first.samples.keys()].find((name) =>
      name.startsWith('burstwire_socket_datagrams_received_total{'),
    )!;
    let last = first;
    for (let tries = 0; tries < 100; tries++) {
      last = await scrape();
      if (last.samples.get(received)! > first.samples.get(received)!) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(last.samples.get(received)).toBeGreaterThan(first.samples.get(received)!);
    for (const [name, value] of first.samples) {
      const type = first.types.get(name.replace(/\{.*/, ''));
      if (type === 'counter') expect(last.samples.get(name), name).toBeGreaterThanOrEqual(value);
    }
    expect(
      first.samples.get([...first.samples.keys()].find((n) => n.includes('_connections{'))!),
    ).toBe(1);
    const elsewhere = await fetch(new URL('/', url));
    expect(elsewhere.status).toBe(404);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
  });
});
