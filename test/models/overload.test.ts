import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel, loopModel } from '../../packages/onnxruntime/src/testing/models.js';
import { until } from '../support/footprint.js';
import { get, infer } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { scrape } from '../support/metrics.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';

/* More work than there is time for. A model of `y = x + k` in k rounds takes about as many microseconds. */

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({
    'rounds/model.onnx': loopModel(),
    'rounds/model.json': JSON.stringify({ queue: { maxEntries: 20 } }),
    'twin/model.onnx': loopModel(),
    'twin/model.json': JSON.stringify({ instances: 2 }),
    'other/model.onnx': identityModel('FP32'),
  });
  const settings = ['supervision.heartbeatIntervalMs=50'];
  jitney = await startJitney([tree.root], {
    args: ['--log-level', 'silent', ...settings.flatMap((setting) => ['--set', setting])],
  });
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const ENDLESS = 1e12;
const rounds = (count: number, timeoutMs = 60_000) =>
  JSON.stringify({
    parameters: { timeout: timeoutMs * 1_000 },
    inputs: [
      { name: 'k', shape: [], datatype: 'INT64', data: [count] },
      { name: 'x', shape: [2], datatype: 'FP32', data: [0, 0] },
    ],
  });
const queued = async () => (await scrape(jitney.port)).sum('jitney_queue_requests', { model: 'rounds' });
const running = async () => (await scrape(jitney.port)).sum('jitney_running_rows', { model: 'rounds' });

/** A run that lasts until its client leaves, and as many requests behind it that would. */
async function occupy(behind = 0) {
  const [first, ...others] = await Promise.all(Array.from({ length: behind + 1 }, () => openRaw(jitney.port)));
  const body = rounds(ENDLESS);
  const request = `POST /v2/models/rounds/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  first?.write(request);
  // All at once they would be one more than the queue holds, until the first has left it.
  await until(async () => (await running()) === 1);
  for (const connection of others) connection.write(request);
  await until(async () => (await queued()) === behind);
  return {
    leave: () => {
      for (const connection of [first, ...others]) connection?.close();
    },
  };
}

describe('more requests than the queue holds', () => {
  it('are refused at once with a time to come back, while the others wait: triton-inference-server/server#914', async () => {
    const busy = await occupy();
    const asked = Array.from({ length: 100 }, () => infer(jitney.port, 'rounds', rounds(1)));
    const answers = Promise.all(asked);
    // Nothing can be answered with 200 while the run goes on: those that are answered now are refused.
    await until(
      async () => (await scrape(jitney.port)).sum('jitney_request_failures_total', { reason: 'QUEUE_FULL' }) === 80,
    );
    await until(async () => (await queued()) === 20);
    busy.leave();
    const refused = (await answers).filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(80);
    for (const { status, text, headers } of refused) {
      expect(status).toBe(503);
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(JSON.parse(text).error).toMatch(/^Exceeds maximum queue size.*queue\.maxEntries is 20/);
    }
  });

  it('and whose time is over in the queue end there, none of them is run', async () => {
    const busy = await occupy();
    const answers = await Promise.all(Array.from({ length: 10 }, () => infer(jitney.port, 'rounds', rounds(1, 100))));
    for (const { status, text } of answers) {
      expect([status, JSON.parse(text).error]).toEqual([503, expect.stringContaining('Request timeout expired')]);
    }
    await until(async () => (await queued()) === 0);
    busy.leave();
    expect((await infer(jitney.port, 'rounds', rounds(1))).status).toBe(200);
  });
});

describe('clients that leave the queue', () => {
  it('are not served: at most the one that stays is run behind what ran: Lightning-AI/LitServe#165', async () => {
    const cancelled = async () =>
      (await scrape(jitney.port)).sum('jitney_request_failures_total', { model: 'rounds', reason: 'CANCELLED' });
    const before = await cancelled();
    const busy = await occupy(19);
    const stays = infer(jitney.port, 'rounds', rounds(5));
    await until(async () => (await queued()) === 20);
    busy.leave();
    // Any of the nineteen endless ones before it would hold it up for good.
    const { status, text } = await stays;
    expect([status, JSON.parse(text).outputs[0].data]).toEqual([200, [5, 5]]);
    expect(await cancelled()).toBe(before + 20);
  });
});

describe('a server whose one model is busy', () => {
  it('is alive and ready, tells its metrics, and serves its other models: gpustack/gpustack#3189', async () => {
    const processes = await jitney.processes();
    const busy = await occupy(20);
    for (let round = 0; round < 20; round++) {
      for (const path of ['/livez', '/readyz', '/metrics', '/v2/health/ready', '/v2/models/rounds/ready']) {
        expect([path, (await get(jitney.port, path)).status]).toEqual([path, 200]);
      }
      const other = await infer(jitney.port, 'other', {
        inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] }],
      });
      expect(other.status).toBe(200);
    }
    expect((await scrape(jitney.port)).sum('jitney_oldest_run_seconds', { model: 'rounds' })).toBeGreaterThan(0);
    busy.leave();
    await until(async () => (await running()) === 0);
    expect(await jitney.processes()).toEqual(processes);
  });
});

describe('a model of two instances', () => {
  it('makes two runs at the same time, in one session', async () => {
    const both = await Promise.all([openRaw(jitney.port), openRaw(jitney.port)]);
    const body = rounds(ENDLESS);
    for (const one of both) {
      one.write(`POST /v2/models/twin/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
    const runs = async () => (await scrape(jitney.port)).sum('jitney_running_rows', { model: 'twin' });
    await until(async () => (await runs()) === 2);
    for (const one of both) one.close();
    await until(async () => (await runs()) === 0);
  });
});
