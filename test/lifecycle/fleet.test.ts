import { readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../packages/server/src/config/index.js';
import type { FleetModel } from '../../packages/server/src/fleet/fleet-model.js';
import { discover } from '../../packages/server/src/fleet/repository/index.js';
import { type Supervisor, startSupervisor } from '../../packages/server/src/fleet/supervisor.js';
import { wantedModels } from '../../packages/server/src/fleet/wanted-models.js';
import { createLog } from '../../packages/server/src/telemetry/logs.js';
import { realClock } from '../../packages/server/src/wire/clock.js';
import { get } from '../support/infer.js';
import { untilGone } from '../support/jitney.js';
import { call, type HttpCall, startLoad } from '../support/load.js';
import { type Files, type ModelTree, plantTree } from '../support/model-tree.js';
import { listProcesses } from '../support/processes.js';
import { divide, divideCall, echo, echoCall, multiply, poisonCall, puppet, puppetCall } from './models.js';

/* The fleet's own interface, in this process; gateways and hosts are those of the build. */

const built = (path: string) => fileURLToPath(new URL(`../../packages/server/dist/${path}`, import.meta.url));

// The flags that this process was started with are for sources: children take them over, and run the build.
process.execArgv = [];

let tree: ModelTree;
let supervisor: Supervisor;
let lines: string[];
afterEach(async () => {
  await supervisor.stop();
  await tree.remove();
});

async function start(files: Files, names?: readonly string[]): Promise<FleetModel[]> {
  tree = await plantTree(files);
  lines = [];
  const config = loadConfig({ flags: { 'server.port': 0, 'supervision.heartbeatIntervalMs': 50 } });
  const models = wantedModels(await discover([tree.root]), config);
  supervisor = await startSupervisor({
    config,
    models: models.filter((model) => names?.includes(model.name) ?? true),
    version: '0.0.0',
    clock: realClock,
    log: createLog({
      level: 'debug',
      format: 'json',
      name: 'test',
      destination: { write: (line) => lines.push(line) },
    }),
    logSettings: { level: 'silent', format: 'json' },
    modules: { gateway: built('gateway/main.js'), host: built('host/main.js') },
  });
  await supervisor.settled();
  return models;
}

const modelNamed = (models: readonly FleetModel[], name: string) =>
  models.find((model) => model.name === name) as FleetModel;

const hosts = async (title = '') =>
  (await listProcesses()).filter(
    ({ parent, title: own }) => parent === process.pid && own.startsWith(`jitney host ${title}`),
  );

const stateOf = (name: string) => supervisor.fleet.table().models.find((route) => route.name === name)?.state;

/** The gateway routes by what the fleet says only a moment later. */
async function untilStatus(request: HttpCall, status: number) {
  for (;;) {
    const answer = await call(supervisor.port, request);
    if (answer.status === status) return answer;
  }
}

describe('loading at run time', () => {
  it('serves a model that was not there before', async () => {
    const models = await start({ ...echo('first'), ...echo('second') }, ['first']);
    expect((await call(supervisor.port, echoCall('second', 1))).status).toBe(404);
    await supervisor.fleet.load(modelNamed(models, 'second'));
    await supervisor.settled();
    expect((await call(supervisor.port, echoCall('second', 1))).status).toBe(200);
    expect(await hosts()).toHaveLength(2);
  });

  it('asked for many times at once, is one load', async () => {
    const models = await start({ ...echo('first'), ...echo('second') }, ['first']);
    const second = modelNamed(models, 'second');
    await Promise.all(Array.from({ length: 100 }, () => supervisor.fleet.load(second)));
    expect(lines.filter((line) => /host second@1#\d+ serves/.test(line))).toHaveLength(1);
  });

  it('that fails is told, and leaves no process', async () => {
    const models = await start({ ...echo('first'), ...echo('second') }, ['first']);
    await writeFile(`${tree.root}/second/model.onnx`, 'not a model');
    await expect(supervisor.fleet.load(modelNamed(models, 'second'))).rejects.toMatchObject({ code: 'INVALID_MODEL' });
    expect(stateOf('second')).toBe('failed');
    expect(await hosts()).toHaveLength(1);
    await writeFile(`${tree.root}/second/model.onnx`, echo('second')['second/model.onnx'] as Uint8Array);
    await supervisor.fleet.load(modelNamed(models, 'second'));
    expect(stateOf('second')).toBe('ready');
  });

  it('joins the host it names, whose models are served all the while', async () => {
    const together = { 'first/model.json': '{"host":"shared"}', 'second/model.json': '{"host":"shared"}' };
    const models = await start({ ...echo('first'), ...echo('second'), ...together }, ['first']);
    const load = startLoad(supervisor.port, 4, (x) => echoCall('first', x));
    await load.more(100);
    await supervisor.fleet.load(modelNamed(models, 'second'));
    await supervisor.settled();
    await load.more(100);
    expect(Object.fromEntries((await load.stop()).failures)).toEqual({});
    expect((await call(supervisor.port, echoCall('second', 1))).status).toBe(200);
    expect((await hosts()).map(({ title }) => title)).toEqual(['jitney host first@1+second@1']);
  });

  it('into another host than before leaves nothing in the old one', async () => {
    const models = await start({ ...echo('first'), ...echo('second') });
    for (const name of ['first', 'second'])
      await supervisor.fleet.load({ ...modelNamed(models, name), host: 'shared' });
    await supervisor.settled();
    expect((await call(supervisor.port, echoCall('first', 1))).status).toBe(200);
    expect((await hosts()).map(({ title }) => title)).toEqual(['jitney host first@1+second@1']);
  });
});

describe('reloading under load', () => {
  it('loses no request: the old process serves until the new one does, and answers what it holds', async () => {
    await start({ ...puppet('model') });
    const [before] = await hosts();
    const load = startLoad(supervisor.port, 8, (x) => puppetCall('model', { x, after: 'wait 5' }));
    for (let round = 0; round < 4; round++) {
      await load.more(200);
      await supervisor.fleet.reload('model', '1');
    }
    await load.more(200);
    expect(Object.fromEntries((await load.stop()).failures)).toEqual({});
    const after = await hosts();
    expect(after).toHaveLength(1);
    expect(after[0]?.pid).not.toBe(before?.pid);
  });

  it('with what cannot be loaded keeps the old one', async () => {
    await start({ ...echo('model') });
    const before = await hosts();
    await writeFile(`${tree.root}/model/model.onnx`, 'not a model');
    await expect(supervisor.fleet.reload('model', '1')).rejects.toMatchObject({ code: 'INVALID_MODEL' });
    expect((await call(supervisor.port, echoCall('model', 1))).status).toBe(200);
    expect(await hosts()).toEqual(before);
  });

  it('asked for at the same time, comes one after the other and leaves one process', async () => {
    await start({ ...echo('model') });
    await Promise.all([1, 2, 3].map(() => supervisor.fleet.reload('model', '1')));
    expect(await hosts()).toHaveLength(1);
    expect((await call(supervisor.port, echoCall('model', 1))).status).toBe(200);
  });
});

describe('a request that ended its hosts', () => {
  it('may be asked again once the model was loaded anew: it may be another one now', async () => {
    await start({ ...divide('model') });
    expect((await call(supervisor.port, poisonCall('model'))).status).toBe(422);
    expect((await call(supervisor.port, divideCall('model', 4, 2))).status).toBe(200);
    await writeFile(`${tree.root}/model/model.onnx`, multiply('model')['model/model.onnx'] as Uint8Array);
    expect((await call(supervisor.port, poisonCall('model'))).status).toBe(422);
    await supervisor.fleet.reload('model', '1');
    const { body } = await untilStatus(poisonCall('model'), 200);
    expect(JSON.parse(body.toString()).outputs[0].data).toEqual([-(2 ** 31)]);
  });
});

describe('unloading', () => {
  it('answers what runs, then says 404 with the reason; its process is gone', async () => {
    await start({ ...puppet('model'), ...echo('other') });
    const running = call(supervisor.port, puppetCall('model', { x: 3, after: 'wait 500' }));
    const another = call(supervisor.port, puppetCall('model', { x: 4, after: 'wait 400' }));
    while (!(await get(supervisor.port, '/metrics')).text.includes('jitney_requests_in_flight 2\n'));
    const [host] = await hosts('model');
    await supervisor.fleet.unload('model', '1');
    expect((await running).status).toBe(200);
    expect((await another).status).toBe(200);
    const { body } = await untilStatus(echoCall('model', 1), 404);
    expect(JSON.parse(body.toString()).error).toMatch(/'model' version 1 is not found.*unloaded/);
    await untilGone([host?.pid as number]);
    expect((await call(supervisor.port, echoCall('other', 1))).status).toBe(200);
  });

  it('of one of several in a host lets the others serve on', async () => {
    const together = Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}/model.json`, '{"host":"shared"}']));
    await start({ ...echo('a'), ...echo('b'), ...echo('c'), ...together });
    expect((await hosts()).map(({ title }) => title)).toEqual(['jitney host a@1+b@1+c@1']);
    const load = startLoad(supervisor.port, 4, (x) => echoCall(x % 2 === 0 ? 'a' : 'c', x));
    await load.more(100);
    await supervisor.fleet.unload('b', '1');
    await load.more(100);
    expect(Object.fromEntries((await load.stop()).failures)).toEqual({});
    expect((await hosts()).map(({ title }) => title)).toEqual(['jitney host a@1+c@1']);
    expect((await untilStatus(echoCall('b', 1), 404)).status).toBe(404);
  });

  it('while it loads ends the load', async () => {
    const models = await start(
      { ...echo('first'), ...echo('stuck'), 'stuck/model.ts': 'for (;;) {}\nexport default {};\n' },
      ['first'],
    );
    supervisor.fleet.add([modelNamed(models, 'stuck')]);
    expect(stateOf('stuck')).toBe('loading');
    await supervisor.fleet.unload('stuck', '1');
    expect(stateOf('stuck')).toBe('unloaded');
    expect(await hosts()).toHaveLength(1);
  });
});

describe('loading and unloading again and again', () => {
  it('leaves descriptors, memory and processes as they were', async () => {
    const models = await start({ ...echo('stays'), ...echo('comes') }, ['stays']);
    const comes = modelNamed(models, 'comes');
    const cycle = async () => {
      await supervisor.fleet.load(comes);
      await supervisor.settled();
      expect((await call(supervisor.port, echoCall('comes', 1))).status).toBe(200);
      await supervisor.fleet.unload('comes', '1');
    };
    for (let warmUp = 0; warmUp < 10; warmUp++) await cycle();
    const before = await footprint();
    for (let round = 0; round < 50; round++) await cycle();
    const after = await footprint();
    expect(await hosts()).toHaveLength(1);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
    expect(after.residentMegabytes).toBeLessThan(before.residentMegabytes + 15);
  }, 120_000);
});

/** Of the supervisor: this very process. */
async function footprint() {
  const descriptors = process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0;
  return { descriptors, residentMegabytes: process.memoryUsage.rss() / 2 ** 20 };
}
