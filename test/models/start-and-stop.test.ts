import { afterEach, describe, expect, it } from 'vitest';
import { identityModel, loopModel } from '../../packages/onnxruntime/src/testing/models.js';
import { until } from '../support/footprint.js';
import { get, infer } from '../support/infer.js';
import { type RunningJitney, type StartOptions, startJitney } from '../support/jitney.js';
import { scrape } from '../support/metrics.js';
import { type Files, type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';

let tree: ModelTree;
let jitney: RunningJitney;
afterEach(async () => {
  await jitney.stop();
  await tree.remove();
});

async function serve(files: Files, options: StartOptions = {}): Promise<void> {
  tree = await plantTree(files);
  jitney = await startJitney([tree.root], options);
}

const GOOD = { inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] }] };
/** An ONNX file that ends in the middle. */
const HALF = identityModel('FP32').subarray(0, 42);

describe('odd version folders: triton-inference-server/server#1366', () => {
  it('are warned of by name and reason; the one that is a version serves', async () => {
    const model = identityModel('FP32');
    const names = ['1', '02', '-1', 'model', '.ipynb_checkpoints', '3.bak'];
    await serve({
      ...Object.fromEntries(names.map((name) => [`odd/${name}/model.onnx`, model])),
      'odd/7/notes.txt': 'no model here',
      'zero/02/model.onnx': model,
    });
    expect((await infer(jitney.port, 'odd', GOOD)).status).toBe(200);
    expect(JSON.parse((await get(jitney.port, '/v2/models/odd')).text).versions).toEqual(['1']);
    for (const [folder, why] of [
      ['02', /begins with a zero/],
      ['7', /holds no model/],
      ['-1', /has a sign/],
      ['3.bak', /not a whole number/],
    ] as const) {
      const warning = jitney
        .output()
        .split('\n')
        .find((line) => line.includes(`odd/${folder} is not served`));
      expect(warning).toMatch(why);
      expect((await get(jitney.port, `/v2/models/odd/versions/${folder}`)).status).toBe(404);
    }
    const only = await get(jitney.port, '/v2/models/zero');
    expect([only.status, only.text]).toEqual([503, expect.stringMatching(/begins with a zero.*Fix: rename/)]);
  });
});

describe('a server whose one model cannot be loaded: pytorch/serve#1899', () => {
  it('lives, is not ready, says which model and why, and goes on', async () => {
    await serve({ 'half/model.onnx': HALF });
    expect((await get(jitney.port, '/livez')).status).toBe(200);
    const { status, text } = await get(jitney.port, '/readyz');
    expect(status).toBe(503);
    expect(JSON.parse(text).models['half@1']).toMatch(/cut short or damaged/);
    expect((await get(jitney.port, '/v2/health/live')).status).toBe(200);
    expect((await get(jitney.port, '/v2/health/ready')).status).toBe(400);
    expect(jitney.output()).toMatch(/half@1.*cut short or damaged.*Fix: /);
    expect(jitney.output()).toMatch(/0 of 1 models/);
  });

  it('serves a good one beside it', async () => {
    await serve({ 'half/model.onnx': HALF, 'good/model.onnx': identityModel('FP32') });
    expect((await infer(jitney.port, 'good', GOOD)).status).toBe(200);
    expect((await infer(jitney.port, 'half', GOOD)).status).toBe(503);
    expect((await get(jitney.port, '/readyz')).status).toBe(503);
  });
});

describe('SIGTERM while requests run: envoyproxy/ratelimit#1103', () => {
  /** About as many microseconds. */
  const rounds = (count: number) =>
    JSON.stringify({
      inputs: [
        { name: 'k', shape: [], datatype: 'INT64', data: [count] },
        { name: 'x', shape: [2], datatype: 'FP32', data: [0, 0] },
      ],
    });
  const requestOf = (model: string, body: string) =>
    `POST /v2/models/${model}/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  it('readiness is 503 at once, what runs is answered, new requests are served and their connections closed; exit 0', async () => {
    await serve(
      { 'rounds/model.onnx': loopModel(), 'fp32/model.onnx': identityModel('FP32') },
      { args: ['--set', 'server.drainDelayMs=1000'] },
    );
    const running = await Promise.all(Array.from({ length: 8 }, () => openRaw(jitney.port)));
    for (const connection of running) connection.write(requestOf('rounds', rounds(250_000)));
    await until(async () => (await scrape(jitney.port)).sum('jitney_requests_in_flight') === 8);
    jitney.signal('SIGTERM');
    await until(async () => (await get(jitney.port, '/readyz')).status === 503);
    expect(JSON.parse((await get(jitney.port, '/readyz')).text).reason).toBe('the server is ending');
    expect((await get(jitney.port, '/livez')).status).toBe(200);
    expect((await get(jitney.port, '/v2/health/ready')).status).toBe(400);
    const late = await infer(jitney.port, 'fp32', GOOD);
    expect([late.status, late.headers.connection]).toEqual([200, 'close']);
    for (const connection of running) {
      const { status, body } = await connection.answer();
      expect([status, JSON.parse(body.toString()).outputs[0].data]).toEqual(['HTTP/1.1 200 OK', [250_000, 250_000]]);
    }
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
  });

  it('connections that are kept and idle do not hold it up', async () => {
    await serve({ 'fp32/model.onnx': identityModel('FP32') });
    const idle = await openRaw(jitney.port);
    const body = JSON.stringify(GOOD);
    idle.write(requestOf('fp32', body));
    expect((await idle.answer()).status).toBe('HTTP/1.1 200 OK');
    const silent = await openRaw(jitney.port);
    jitney.signal('SIGTERM');
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
    idle.close();
    silent.close();
  });

  it('runs that outlast the grace are given up, and it still ends with 0', async () => {
    await serve({ 'rounds/model.onnx': loopModel() }, { args: ['--set', 'server.drainTimeoutMs=300'] });
    const endless = await openRaw(jitney.port);
    endless.write(requestOf('rounds', rounds(1e12)));
    await until(async () => (await scrape(jitney.port)).sum('jitney_requests_in_flight') === 1);
    jitney.signal('SIGTERM');
    expect(await jitney.ended).toEqual({ code: 0, signal: null });
    endless.close();
  });

  it('a second signal ends it at once: 130, and no process stays', async () => {
    await serve({ 'rounds/model.onnx': loopModel() });
    const endless = await openRaw(jitney.port);
    endless.write(requestOf('rounds', rounds(1e12)));
    await until(async () => (await scrape(jitney.port)).sum('jitney_requests_in_flight') === 1);
    jitney.signal('SIGTERM');
    await jitney.said(/again to end at once/);
    let isOver = false;
    const ended = jitney.ended.finally(() => {
      isOver = true;
    });
    // Two within moments are taken for one: a terminal and npm both send theirs.
    await until(async () => {
      jitney.signal('SIGTERM');
      return isOver;
    });
    expect(await ended).toEqual({ code: 130, signal: null });
    endless.close();
  });
});
