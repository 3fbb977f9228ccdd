import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../packages/server/src/config/index.js';
import type { FleetModel } from '../packages/server/src/fleet/fleet-model.js';
import { discover, toHostModel } from '../packages/server/src/fleet/repository/index.js';
import { type Supervisor, startSupervisor } from '../packages/server/src/fleet/supervisor.js';
import { createLog } from '../packages/server/src/telemetry/logs.js';
import { realClock } from '../packages/server/src/wire/clock.js';
import { echo, echoCall } from './lifecycle/models.js';
import { untilGone } from './support/jitney.js';
import { call, startLoad } from './support/load.js';
import { type ModelTree, plantTree } from './support/model-tree.js';

const built = (path: string) => fileURLToPath(new URL(`../packages/server/dist/${path}`, import.meta.url));
const config = loadConfig({ flags: { 'server.port': 0, 'log.level': 'silent' } });
const logSettings = { level: 'silent', format: 'json' } as const;

// The test runner's own flags are not for the processes of a fleet, which run what is built.
process.execArgv = [];

let tree: ModelTree;
let supervisor: Supervisor;
beforeEach(async () => {
  tree = await plantTree({ ...echo('one'), ...echo('two') });
  supervisor = await startSupervisor({
    config,
    models: await modelsIn(tree),
    version: '0',
    clock: realClock,
    log: createLog({ ...logSettings, name: 'supervisor' }),
    logSettings,
    modules: { gateway: built('gateway/main.js'), host: built('host/main.js') },
  });
  await supervisor.settled();
});
afterEach(async () => {
  await supervisor.stop();
  await tree.remove();
});

/** What the tree holds, as the command asks the fleet for it. */
async function modelsIn({ root }: ModelTree, host: string | null = null): Promise<FleetModel[]> {
  const { artefacts } = await discover([root]);
  return artefacts.map((artefact) => ({
    name: artefact.name,
    version: artefact.version,
    isDefault: artefact.isDefault,
    host,
    wanted: { state: 'load', hostModel: toHostModel(artefact, config.models) },
  }));
}

const pidOf = (model: string) =>
  supervisor.fleet.hostFacts().find(({ models }) => models.includes(`${model}@1`))?.pid ?? 0;
const status = async (model: string) => (await call(supervisor.port, echoCall(model, 1))).status;

describe('a model that is reloaded', () => {
  it('loses no request: the old process serves until the new one is ready', async () => {
    const before = pidOf('one');
    const load = startLoad(supervisor.port, 8, () => echoCall('one', 1));
    await load.more(50);
    await supervisor.fleet.reload('one', '1');
    await load.more(50);
    expect(Object.fromEntries((await load.stop()).failures)).toEqual({});
    expect(pidOf('one')).not.toBe(before);
    await untilGone([before]);
  });

  it('is served as before when the new load fails', async () => {
    const [{ wanted } = { wanted: null }] = (await modelsIn(tree)).filter(({ name }) => name === 'one');
    const path = wanted?.state === 'load' ? wanted.hostModel.path : '';
    const before = pidOf('one');
    await writeFile(path, 'no model at all');
    await expect(supervisor.fleet.reload('one', '1')).rejects.toThrow(/one/);
    expect(await status('one')).toBe(200);
    expect(pidOf('one')).toBe(before);
  });

  it('leaves the others alone', async () => {
    const before = pidOf('two');
    await Promise.all([supervisor.fleet.reload('one', '1'), supervisor.fleet.reload('one', '1')]);
    expect(pidOf('two')).toBe(before);
    expect([await status('one'), await status('two')]).toEqual([200, 200]);
  });
});

describe('a model that is unloaded', () => {
  it('is not found any more, by name and reason, and its process is gone', async () => {
    const pid = pidOf('one');
    await supervisor.fleet.unload('one', '1');
    await untilGone([pid]);
    await supervisor.settled();
    const { status: code, body } = await call(supervisor.port, echoCall('one', 1));
    expect([code, body.toString()]).toEqual([404, expect.stringMatching(/'one' version 1 is not found.*unloaded/)]);
    expect(await status('two')).toBe(200);
  });

  it('can be loaded again', async () => {
    await supervisor.fleet.unload('one', '1');
    for (const model of await modelsIn(tree)) if (model.name === 'one') await supervisor.fleet.load(model);
    await supervisor.settled();
    expect(await status('one')).toBe(200);
  });
});

describe('models that name one host', () => {
  it('share a process; one that is unloaded leaves the other', async () => {
    for (const model of await modelsIn(tree, 'both')) await supervisor.fleet.load(model);
    await supervisor.settled();
    expect(pidOf('one')).toBe(pidOf('two'));
    await supervisor.fleet.unload('one', '1');
    await supervisor.settled();
    expect([await status('one'), await status('two')]).toEqual([404, 200]);
  });
});
