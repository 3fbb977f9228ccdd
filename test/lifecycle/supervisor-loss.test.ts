import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningJitney, startJitney, untilGone } from '../support/jitney.js';
import { call } from '../support/load.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { cpuTicks } from '../support/processes.js';
import {
  BOXES_FOR_EVER,
  echo,
  echoCall,
  FOR_EVER,
  type Order,
  puppet,
  puppetCall,
  slow,
  slowCall,
  stubborn,
  stubbornCall,
} from './models.js';

let tree: ModelTree;
let jitney: RunningJitney;
beforeEach(async () => {
  tree = await plantTree({
    ...echo('echo'),
    ...slow('slow'),
    ...stubborn('stubborn'),
    ...puppet('looping'),
    ...puppet('turning'),
  });
  jitney = await startJitney([tree.root]);
});
afterEach(async () => {
  await jitney.stop();
  await tree.remove();
});

/** Work that goes on for ever: in a run that can be terminated, in one that cannot, and in own code. */
async function keepBusy(): Promise<void> {
  const calls = [
    slowCall('slow', FOR_EVER),
    stubbornCall('stubborn', BOXES_FOR_EVER),
    puppetCall('looping', { before: 'loop' satisfies Order }),
    puppetCall('turning', { after: 'turn' satisfies Order }),
  ];
  for (const each of calls) call(jitney.port, each).catch(() => 'lost with the server');
  await Promise.all(['slow', 'stubborn', 'looping', 'turning'].map(untilUsed));
}

/** A process that only waits uses no time. */
async function untilUsed(model: string): Promise<void> {
  const [host] = await jitney.processes(`jitney host ${model}`);
  const begun = await cpuTicks(host?.pid as number);
  while ((await cpuTicks(host?.pid as number)) < begun + 5) await new Promise((resolve) => setImmediate(resolve));
}

// Elsewhere a process in an endless loop cannot be made to end with its parent.
describe.skipIf(process.platform !== 'linux')('a supervisor that is killed', () => {
  it('takes every process with it, whatever they do, and frees its port', async () => {
    await keepBusy();
    const family = (await jitney.processes()).map(({ pid }) => pid);
    expect(family).toHaveLength(6);
    jitney.signal('SIGKILL');
    await jitney.ended;
    await untilGone(family);
    const server = createServer().listen(jitney.port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  });

  it('leaves a folder behind, which the next one removes', async () => {
    expect(await jitney.sockets()).toHaveLength(5);
    const family = (await jitney.processes()).map(({ pid }) => pid);
    jitney.signal('SIGKILL');
    await jitney.ended;
    await untilGone(family);
    expect(await jitney.sockets()).toHaveLength(5);
    const next = await startJitney([`${tree.root}/echo`]);
    expect(await jitney.sockets()).toEqual([]);
    expect((await call(next.port, echoCall('echo', 1))).status).toBe(200);
    await next.stop();
    expect(await next.sockets()).toEqual([]);
  });
});

describe('a supervisor that is killed while its models load', () => {
  it('leaves no process behind', async () => {
    const loading = await plantTree({
      ...echo('stuck'),
      'stuck/model.ts': `for (;;) {}\nexport default {};\n`,
      ...echo('echo'),
    });
    const other = await startJitney([loading.root], { until: /echo@1 .*batches/ });
    const family = (await other.processes('')).map(({ pid }) => pid);
    expect(family.length).toBeGreaterThanOrEqual(2);
    other.signal('SIGKILL');
    await other.ended;
    await untilGone(family);
    await loading.remove();
  });
});
