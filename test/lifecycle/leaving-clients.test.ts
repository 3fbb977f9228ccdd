import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/footprint.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { call, type HttpCall } from '../support/load.js';
import { scrape } from '../support/metrics.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { cpuTicks } from '../support/processes.js';
import { puppet, puppetCall, slow, slowCall } from './models.js';

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({ ...slow('slow'), ...puppet('puppet') });
  jitney = await startJitney([tree.root], { args: ['--set', 'supervision.heartbeatIntervalMs=50'] });
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const cancelled = async (model: string) =>
  (await scrape(jitney.port)).sum('jitney_requests_total', { model, code: 'CANCELLED' });
const inFlight = async () => (await scrape(jitney.port)).sum('jitney_requests_in_flight');
const queued = async (model: string) => (await scrape(jitney.port)).sum('jitney_queue_requests', { model });

async function hostTicks(model: string): Promise<number> {
  const [host] = await jitney.processes(`jitney host ${model}`);
  return cpuTicks(host?.pid as number);
}

/** `count` requests, and how to leave all but the last. */
function ask(count: number, request: HttpCall) {
  const clients = Array.from({ length: count }, () => new AbortController());
  const answers = clients.map(({ signal }) => call(jitney.port, { ...request, signal }));
  for (const answer of answers.slice(0, -1)) answer.catch(() => 'left');
  return {
    stays: answers.at(-1) as (typeof answers)[number],
    leave: () => {
      for (const client of clients.slice(0, -1)) client.abort();
    },
  };
}

describe.skipIf(process.platform !== 'linux')('nineteen of twenty clients that leave a slow model', () => {
  it('cost at most two runs of processor time, and are counted as cancelled', async () => {
    // A run of about half a second.
    const request = slowCall('slow', 500_000);
    const idle = await hostTicks('slow');
    expect((await call(jitney.port, request)).status).toBe(200);
    const once = (await hostTicks('slow')) - idle;

    const before = await hostTicks('slow');
    const { stays, leave } = ask(20, request);
    await until(async () => (await inFlight()) === 20 && (await queued('slow')) === 19);
    leave();
    expect((await stays).status).toBe(200);
    expect((await hostTicks('slow')) - before).toBeLessThan(2.7 * once);
    expect(await cancelled('slow')).toBe(19);
  });
});

describe('clients that leave own code', () => {
  it('are counted as cancelled, also where it goes on, and hold up nobody', async () => {
    const { stays, leave } = ask(20, puppetCall('puppet', { x: 1, before: 'wait 1000' }));
    await until(async () => (await inFlight()) === 20);
    leave();
    await until(async () => (await cancelled('puppet')) === 19);
    expect((await stays).status).toBe(200);
    await until(async () => (await inFlight()) === 0);
  });
});
