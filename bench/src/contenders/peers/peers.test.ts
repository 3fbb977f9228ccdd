import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sendOnce } from '../../load/index.js';
import { plantMlp } from '../../models/mlp.js';
import type { SceneModelName } from '../../models/scene-model.js';
import { Children } from '../../processes/children.js';
import { TUNED_SCENES } from '../../scenes/tune.js';
import { Examination } from '../examination.js';
import { bestSettings } from './best-settings.js';
import { PEERS } from './index.js';
import { environmentOf, PEERS_FOLDER } from './installation.js';
import { product, type Settings } from './peer.js';
import { peerContender } from './running-peer.js';

const MODELS: Readonly<Record<string, SceneModelName>> = {
  'small-json': 'mlp',
  'image-tensor': 'identity',
  'model-bound': 'resnet18',
  transformer: 'encoder',
};

describe('the settings of peers', () => {
  it('are every combination of their choices', () => {
    expect(product({ threads: [1, 2], workers: [3, 4] })).toEqual([
      { threads: 1, workers: 3 },
      { threads: 1, workers: 4 },
      { threads: 2, workers: 3 },
      { threads: 2, workers: 4 },
    ]);
  });

  it.each(PEERS.map((peer) => [peer.title, peer] as const))('%s has each of its grid once', (_title, peer) => {
    for (const model of Object.values(MODELS)) {
      const grid = peer.grid(model).map((settings) => JSON.stringify(settings));
      expect(new Set(grid).size).toBe(grid.length);
    }
  });

  it('that were found best are those that a scene uses', async () => {
    const text = await readFile(join(PEERS_FOLDER, 'best.json'), 'utf8');
    const best = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, Settings>>>>;
    expect(Object.keys(best).sort()).toEqual(TUNED_SCENES.map(({ name }) => name).sort());
    for (const [scene, found] of Object.entries(best)) {
      const used = PEERS.map((peer) => [peer.name, bestSettings(scene, peer, MODELS[scene]!)]);
      expect(Object.fromEntries(used)).toEqual(found);
    }
  });
});

const installed = PEERS.filter((peer) => existsSync(join(environmentOf(peer), 'installed.txt')));

describe.runIf(process.platform === 'linux' && installed.length > 0)('a peer that is installed', () => {
  const children = new Children();
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jitney-peers-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(installed.map((peer) => [peer.title, peer] as const))('%s answers as the model does', async (_, peer) => {
    const examination = await Examination.of(await plantMlp(folder));
    const settings = bestSettings('small-json', peer, 'mlp');
    const contender = peerContender({ children, folder }, peer, examination, settings);
    const server = await contender.start();
    const { status, body } = await sendOnce(server.port, contender.request);
    await server.stop();
    expect(status).toBe(200);
    expect(() => contender.check?.(body, 0)).not.toThrow();
  });
});
