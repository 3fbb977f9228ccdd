import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchResult } from '../../packages/server/src/cli/bench-result.js';
import { Histogram } from '../../packages/server/src/load/histogram.js';
import { echo, puppet, stubborn } from '../lifecycle/models.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';

const CLI = fileURLToPath(new URL('../../packages/server/bin/jitney.js', import.meta.url));
const KEY = 'a-key-for-the-bench';

/** Loads as short as they can be. */
const SHORT = ['--duration', '0.5', '--warmup', '0.1'];

const OWN_CODE = `
import { defineModel } from 'jitney';
import * as z from 'zod';

export default defineModel({
  model: './model.onnx',
  input: z.object({ x: z.number() }),
  output: z.object({ y: z.number() }),
  example: { x: 3 },
  preprocess: ({ x }) => ({ x: [x] }),
  postprocess: ({ y }) => ({ y: Number(y.data[0]) }),
});
`;

let tree: ModelTree;
let server: RunningJitney;
let guarded: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({
    ...echo('echo'),
    ...echo('own'),
    'own/model.ts': OWN_CODE,
    ...puppet('puppet'),
    ...stubborn('stubborn'),
    'bad/model.onnx': 'not a model',
    key: KEY,
  });
  const paths = ['echo', 'own', 'puppet', 'stubborn'].map((name) => join(tree.root, name));
  server = await startJitney(paths);
  guarded = await startJitney([join(tree.root, 'echo')], { env: { JITNEY_API_KEY: KEY } });
});
afterAll(async () => {
  await Promise.all([server.stop(), guarded.stop()]);
  await tree.remove();
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function bench(args: readonly string[], whileItRuns?: (child: ChildProcess) => Promise<void>): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1', JITNEY_API_KEY: undefined };
  const child = spawn(process.execPath, [CLI, 'bench', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    texts.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    texts.stderr += chunk;
  });
  const ended = once(child, 'close');
  await whileItRuns?.(child);
  const [code] = await ended;
  return { code, ...texts };
}

/** Of `--json -`. */
async function benchJson(args: readonly string[]): Promise<BenchResult> {
  const { code, stdout, stderr } = await bench([...args, ...SHORT, '--json', '-']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as BenchResult;
}

describe('jitney bench of a server', () => {
  it('keeps so many requests under way, and prints a table', async () => {
    const { code, stdout, stderr } = await bench([server.url, '--model', 'echo', '--concurrency', '4', ...SHORT]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('closed loop: 4 requests under way for 0.5 s, behind a warm-up of 0.1 s');
    expect(stdout).toMatch(/sent +[\d,]+\n +ok +[\d,]+ +100\.0 % +[\d.,]+\/s\n +refused +0 .*\n +errors +0 /);
    expect(stdout).toMatch(/ms +p50 +p90 +p99 +p99\.9 +max\n +latency( +[\d.,]+){5}\n/);
  });

  it('sends at a rate, and writes everything as JSON, raw histograms too', async () => {
    const result = await benchJson([`${server.url}/v2/models/echo`, '--rate', '100', '--slo', '10000']);
    expect(result).toMatchObject({
      model: 'echo',
      plan: { loop: 'open', ratePerSecond: 100, arrivals: 'poisson' },
      seconds: 0.5,
      sloMs: 10_000,
      isInterrupted: false,
      refused: 0,
      errors: 0,
      failures: {},
    });
    // Of 60 in 0.6 s, those of the first 0.1 s are not counted.
    expect(result.sent).toBeGreaterThan(30);
    expect(result.sent).toBeLessThan(60);
    expect([result.ok, result.inTime]).toEqual([result.sent, result.sent]);
    const latencies = Histogram.fromRecord(result.histogramsUs.latency);
    expect(latencies.count).toBe(result.ok);
    expect(latencies.percentile(99) / 1_000).toBe(result.latencyMs.p99);
    expect(Histogram.fromRecord(result.histogramsUs.lag!).count).toBe(result.sent);
  });

  it('writes the JSON to a file beside the table', async () => {
    const file = join(tree.root, 'result.json');
    const { code, stdout } = await bench([server.url, '--model', 'echo', ...SHORT, '--json', file]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('latency')]);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ model: 'echo', lagMs: null });
  });

  it('sends rows of a wished number and shape, in binary where it is asked to', async () => {
    const many = await benchJson([server.url, '--model', 'echo', '--rows', '7', '--binary']);
    expect(many).toMatchObject({ requests: '7 rows of tensors in binary', errors: 0 });
    const shaped = await benchJson([server.url, '--model', 'echo', '--shape', 'x:9,1']);
    expect(shaped.bodyBytes).toBeGreaterThan(Buffer.byteLength('[[9,1]]'));
    expect(shaped.errors).toBe(0);
  });

  it('gives own code its example, at /predict', async () => {
    const result = await benchJson([server.url, '--model', 'own']);
    expect(result).toMatchObject({ requests: 'its example', url: `${server.url}/predict/own`, errors: 0 });
  });

  it('sends a given body', async () => {
    const body = join(tree.root, 'body.json');
    await writeFile(body, JSON.stringify({ inputs: { x: 4 } }));
    const result = await benchJson([`${server.url}/predict/puppet`, '--body', body]);
    expect(result).toMatchObject({ requests: 'the given body', bodyBytes: 18, errors: 0 });
  });

  it('sends the key', async () => {
    const result = await benchJson([guarded.url, '--api-key-file', join(tree.root, 'key')]);
    expect(result).toMatchObject({ model: 'echo', errors: 0 });
  });

  it('counts what comes too late, and what is refused since it would', async () => {
    // 3,000 boxes compared each with each take several milliseconds.
    const args = [server.url, '--model', 'stubborn', '--body', join(tree.root, 'boxes.json')];
    const inputs = [{ name: 'n', shape: [], datatype: 'INT64', data: [3_000] }];
    await writeFile(join(tree.root, 'boxes.json'), JSON.stringify({ inputs }));
    const late = await benchJson([...args, '--concurrency', '2', '--slo', '0.001', '--no-deadline']);
    expect(late.ok).toBeGreaterThan(0);
    expect(late.inTime).toBe(0);
    await writeFile(join(tree.root, 'boxes.json'), JSON.stringify({ inputs, parameters: { timeout: 1 } }));
    const { code, stderr } = await bench([...args, ...SHORT]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/answered a request made up for it with 503/);
  });

  it('tries a request without the deadline that those which count carry, given bodies too', async () => {
    const body = join(tree.root, 'hurried.json');
    await writeFile(body, JSON.stringify({ inputs: [{ name: 'n', shape: [], datatype: 'INT64', data: [3_000] }] }));
    for (const args of [['stubborn', '--body', body], ['stubborn']]) {
      const { stdout, stderr } = await bench([
        server.url,
        '--model',
        ...args,
        '--slo',
        '0.001',
        ...SHORT,
        '--json',
        '-',
      ]);
      expect(stderr).toContain('closed loop');
      const { ok, refused, errors } = JSON.parse(stdout) as BenchResult;
      expect({ ok, errors }).toEqual({ ok: 0, errors: 0 });
      expect(refused).toBeGreaterThan(0);
    }
  });

  it.each([[['--concurrency', '2']], [['--rate', '50']]])(
    'measured nothing where Ctrl-C comes while it warms up: %j',
    async (load) => {
      const args = [server.url, '--model', 'echo', '--slo', '10000', '--warmup', '600', '--json', '-', ...load];
      const { code, stdout } = await bench(args, async (child) => {
        for await (const chunk of child.stderr!) if (String(chunk).includes('warming up')) break;
        child.kill('SIGINT');
      });
      expect(code).toBe(0);
      const { isInterrupted, sent, throughput, goodput, latencyMs } = JSON.parse(stdout) as BenchResult;
      const nothing = { p50: 0, p90: 0, p99: 0, p999: 0, max: 0, mean: 0 };
      expect({ isInterrupted, sent, throughput, goodput, latencyMs }).toEqual({
        isInterrupted: true,
        sent: 0,
        throughput: 0,
        goodput: 0,
        latencyMs: nothing,
      });
    },
  );

  it('ends at Ctrl-C with what it has so far', async () => {
    const { code, stdout } = await bench(
      [server.url, '--model', 'echo', '--duration', '600', '--warmup', '0'],
      async (child) => {
        for await (const chunk of child.stderr!) if (/ [1-9][\d,]* ok/.test(String(chunk))) break;
        child.kill('SIGINT');
      },
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/interrupted after [\d.]+ s\n\n +sent +[1-9]/);
  });
});

describe('jitney bench of a path', () => {
  it('serves what is there on a port of its own, and ends it', async () => {
    const result = await benchJson([join(tree.root, 'echo')]);
    expect(result).toMatchObject({ model: 'echo', errors: 0 });
    const port = new URL(result.url).port;
    const { code, stderr } = await bench([`http://127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(stderr).toContain('nothing listens at');
  });

  it.each([
    ['there is nothing', 'nowhere', 3, /no such file or folder/],
    ['the model cannot be served', 'bad', 5, /bad.*it is not an ONNX model/s],
  ])('says so where %s', async (_what, path, expected, reason) => {
    const { code, stderr } = await bench([join(tree.root, path), ...SHORT]);
    expect(stderr).toMatch(reason);
    expect(code).toBe(expected);
  });
});

describe('jitney bench says what is wrong', () => {
  it.each<[string, () => string[], RegExp]>([
    ['an unknown model', () => [server.url, '--model', 'ehco'], /nothing of model 'ehco'; it has .*echo.*: 404/],
    ['several models', () => [server.url], /has several models: echo, own, puppet, stubborn; name one with --model/],
    ['no key', () => [guarded.url], /asks for a key: give it with --api-key-file FILE or in JITNEY_API_KEY/],
    ['no example', () => [server.url, '--model', 'puppet'], /has code of its own and no example/],
    ['an unknown input', () => [server.url, '--model', 'echo', '--shape', 'z:1'], /no such input; it has x/],
    ['a wrong shape', () => [server.url, '--model', 'echo', '--shape', 'x:1,2'], /has the shape \[-1, 1\]/],
    ['no rows', () => [server.url, '--model', 'stubborn', '--rows', '2'], /no input whose first dimension is free/],
    ['another path', () => [`${server.url}/metrics`], /is no address to send requests to/],
    ['no scheme', () => ['127.0.0.1:8000'], /an address begins with http:\/\//],
    ['a rate beyond all plans', () => [server.url, '--rate', '1e10'], /6,000,000,000 requests, and at most 50,000,000/],
    ['no body', () => [server.url, '--model', 'echo', '--body', 'nowhere'], /--body nowhere cannot be read/],
  ])('%s', async (_what, args, message) => {
    const { code, stderr } = await bench([...args(), ...SHORT]);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });

  it.each([
    [['--rate', '0']],
    [['--rate', 'fast']],
    [['--rate', '5', '--concurrency', '5']],
    [['--concurrency', '1.5']],
    [['--arrivals', 'sometimes']],
    [['--shape', 'x']],
    [['--duration', '-1']],
    [['--nonsense']],
  ])('wrong usage: %j', async (args) => {
    expect((await bench([server.url, ...args])).code).toBe(2);
  });
});
