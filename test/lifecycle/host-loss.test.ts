import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { call, startLoad } from '../support/load.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { residentMegabytes } from './memory.js';
import { echo, echoCall, puppet, puppetCall } from './models.js';

const MODELS = ['left', 'right', 'calm'] as const;
const KILLS = 24;

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({ ...echo('left'), ...puppet('right'), ...echo('calm') });
  jitney = await startJitney([tree.root]);
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

async function killHost(model: string): Promise<void> {
  const [host] = await jitney.processes(`jitney host ${model}`);
  // It may not have named itself yet: then it is being replaced just now.
  if (host !== undefined) process.kill(host.pid, 'SIGKILL');
}

/** Both models, as tensors and through own code. */
const mixed = (count: number) => (count % 2 === 0 ? echoCall('left', count) : puppetCall('right', { x: count }));

describe('hosts that are killed again and again under load', () => {
  it('lose no request, leave the other hosts alone, and leave no memory behind', async () => {
    const calm = await jitney.processes('jitney host calm');
    const load = startLoad(jitney.port, 16, mixed);
    await load.more(2_000);
    for (let kill = 0; kill < 4; kill++) {
      await load.more(200);
      await killHost(kill % 2 === 0 ? 'left' : 'right');
    }
    await load.more(2_000);
    const before = await residentMegabytes(jitney);
    for (let kill = 0; kill < KILLS; kill++) {
      await load.more(100);
      await killHost(kill % 2 === 0 ? 'left' : 'right');
    }
    await load.more(2_000);
    const after = await residentMegabytes(jitney);
    const { failures } = await load.stop();

    expect(Object.fromEntries(failures)).toEqual({});
    expect(await jitney.processes('jitney host calm')).toEqual(calm);
    for (const [title, megabytes] of before) {
      // A gateway's room for young objects grows with its load, up to three times 32 MB.
      const growth = title === 'jitney gateway' ? 60 : 25;
      expect(after.get(title), title).toBeLessThan(megabytes + growth);
    }
  });

  it('are counted, and so are the requests that were sent again', async () => {
    const { text } = await get(jitney.port, '/metrics');
    const restarts = (model: string) =>
      Number(text.match(new RegExp(`^jitney_host_restarts_total\\{host="${model}@1"\\} (\\d+)`, 'm'))?.[1]);
    expect(restarts('left')).toBeGreaterThan(0);
    expect(restarts('calm')).toBe(0);
    expect(text).toMatch(/^jitney_request_retries_total\{model="left",version="1"\} [1-9]/m);
  });

  it('leave no socket behind in the runtime folder', async () => {
    await call(jitney.port, echoCall('left', 1));
    await call(jitney.port, puppetCall('right', { x: 1 }));
    expect(await jitney.sockets()).toHaveLength(MODELS.length);
  });
});

describe('a host that is killed while it is idle', () => {
  it('is replaced before the next request knows', async () => {
    await killHost('left');
    expect((await call(jitney.port, echoCall('left', 7))).status).toBe(200);
  });
  it('keeps the server ready meanwhile: requests wait for the next one', async () => {
    await killHost('left');
    expect((await get(jitney.port, '/readyz')).status).toBe(200);
  });
});
