import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Repository } from './artefact.js';
import { discover } from './discover.js';
import { useTree } from './testing/tree.js';

const tree = useTree(beforeEach, afterEach);

describe('any tree of folders', () => {
  const file = fc.constantFrom(
    'model.onnx',
    'a.onnx',
    'b.onnx',
    'model.ts',
    'config.json',
    'x.gguf',
    'y.pt',
    'config.pbtxt',
    'é.onnx',
  );
  const folder = fc.constantFrom('1', '2', '02', '-1', 'onnx', 'model', 'm', 'n', 'a', 'model.onnx');
  const path = fc
    .tuple(fc.array(folder, { maxLength: 4 }), file)
    .map(([folders, name]) => [...folders, name].join('/'));
  const manifest = fc.constantFrom('{}', '{"versions": "all"}', '{"name": "m"}', '{"file": "a.onnx"}', '{"x": 1}', 'x');

  it('gives artefacts that hold together, or one INVALID_CONFIG', async () => {
    const trees = fc.tuple(fc.uniqueArray(path, { maxLength: 12 }), fc.option(fc.tuple(folder, manifest)));
    await fc.assert(
      fc.asyncProperty(trees, async ([paths, settings]) => {
        // One path may ask for a folder where another asks for a file: the first that came stands.
        for (const one of paths) await tree.lay(one).catch(() => {});
        if (settings !== null) await tree.lay([`${settings[0]}/model.json`, settings[1]]).catch(() => {});
        const found = await discover([tree.root]).catch((error: JitneyError) => error);
        if (found instanceof Error) expect(found.code).toBe('INVALID_CONFIG');
        else expectSound(found);
        await rm(tree.root, { recursive: true });
        await mkdir(tree.root);
      }),
      { numRuns: 150 },
    );
  });

  function expectSound({ artefacts }: Repository): void {
    expect(artefacts.length).toBeGreaterThan(0);
    const served = artefacts.filter(({ state }) => state.state === 'servable');
    for (const { kind, path: model, root: around } of served) {
      expect(kind).not.toBeNull();
      expect(model.startsWith(`${around}/`)).toBe(true);
    }
    const keys = served.map(({ name, version }) => `${name}@${version}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { name } of served) {
      const defaults = artefacts.filter((artefact) => artefact.name === name && artefact.isDefault);
      expect(defaults.map(({ state }) => state.state)).toEqual(['servable']);
    }
  }
});

const project = fileURLToPath(new URL('../../../../../', import.meta.url));
const shared = process.env.JITNEY_SHARED ?? join(project, '../shared');

describe('real models', () => {
  it('of the examples are code around a model', async () => {
    const { artefacts } = await discover([join(project, 'examples/models')]);
    expect(artefacts.map(({ name, kind, warnings }) => [name, kind, warnings])).toEqual([
      ['digits', 'script', []],
      ['fraud', 'script', []],
      ['recommender', 'script', []],
    ]);
  });

  it.skipIf(!existsSync(join(shared, 'models')))(
    'of every layout are found (skipped without ../shared/models)',
    async () => {
      const { artefacts } = await discover(
        ['minilm', 'tabular', 'pp-ocrv4', 'families'].map((name) => join(shared, 'models', name)),
      );
      const state = (name: string) => artefacts.find((artefact) => artefact.name === name)?.state.state;
      expect(['minilm', 'penguins', 'det', 'rec', 'cls', 'roberta-multi-label'].map(state)).toEqual(
        Array(6).fill('servable'),
      );
      expect(['xgboost-multi', 'lightgbm-binary'].map(state)).toEqual(['refused', 'refused']);
    },
  );

  // Case 21: each looks for its weights in its own folder.
  it.skipIf(!existsSync(join(shared, 'cases')))(
    'with weights of one name stay apart (skipped without ../shared/cases)',
    async () => {
      const { artefacts } = await discover([join(shared, 'cases/external')]);
      expect(artefacts.map(({ name, root: folder }) => [name, folder])).toEqual([
        ['plus-one', join(shared, 'cases/external/plus-one')],
        ['plus-ten', join(shared, 'cases/external/plus-ten')],
      ]);
    },
  );
});
