import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discover } from './discover.js';
import { only, reasonOf, useTree } from './testing/tree.js';

const tree = useTree(beforeEach, afterEach);

describe('version folders', () => {
  it('serve the highest; the others are left out, saying why', async () => {
    await tree.lay('m/1/model.onnx', 'm/2/model.onnx', 'm/10/model.ts');
    const repository = await discover([tree.root]);
    expect(tree.lines(repository)).toEqual([
      'm@10 servable script m/10/model.ts',
      'm@2 left-out onnx m/2/model.onnx',
      'm@1 left-out onnx m/1/model.onnx',
    ]);
    expect(repository.artefacts.map(({ isDefault }) => isDefault)).toEqual([true, false, false]);
    expect(reasonOf(repository.artefacts[1]!)).toBe(
      'the highest version of the model is served (10); "versions" in model.json chooses others',
    );
  });

  it.each([
    ['"all"', ['3', '2', '1']],
    ['{"latest": 2}', ['3', '2']],
    ['{"latest": 9}', ['3', '2', '1']],
    ['{"specific": [1, 3]}', ['3', '1']],
    ['{"specific": [2]}', ['2']],
  ])('serve what the policy %s chooses', async (policy, served) => {
    await tree.lay('m/1/model.onnx', 'm/2/model.onnx', 'm/3/model.onnx', ['m/model.json', `{"versions": ${policy}}`]);
    const { artefacts } = await discover([tree.root]);
    expect(artefacts.filter(({ state }) => state.state === 'servable').map(({ version }) => version)).toEqual(served);
    expect(artefacts.find(({ isDefault }) => isDefault)!.version).toBe(served[0]);
  });

  it('that the policy names and are not there are refused by name', async () => {
    await tree.lay('m/1/model.onnx', ['m/model.json', '{"versions": {"specific": [1, 5]}}']);
    const repository = await discover([tree.root]);
    expect(tree.lines(repository)).toEqual(['m@5 refused m', 'm@1 servable onnx m/1/model.onnx']);
    expect(reasonOf(repository.artefacts[0]!)).toContain('asks for version 5, which is not there (there is 1)');
    expect(repository.artefacts[1]!.isDefault).toBe(true);
  });

  // Case 16 of the collection of other servers' bugs.
  it('with odd names are warned about, each with its reason, and only real ones serve', async () => {
    await tree.lay(
      'm/1/model.onnx',
      'm/02/model.onnx',
      'm/-1/model.onnx',
      'm/model/model.onnx',
      'm/3.bak/model.onnx',
      'm/7/',
    );
    await tree.lay('m/.ipynb_checkpoints/model.onnx', 'm/configs/a.pbtxt', 'm/warmup/input');
    const artefact = only(await discover([tree.root]));
    expect(artefact).toMatchObject({ name: 'm', version: '1', state: { state: 'servable' } });
    expect(artefact.warnings).toEqual([
      `${tree.at('m/7')} is not served: it holds no model`,
      `${tree.at('m/02')} is not served: the name 02 is not a version, since it begins with a zero; version 2 would be read`,
      `${tree.at('m/-1')} is not served: the name -1 is not a version, since it has a sign`,
      `${tree.at('m/3.bak')} is not served: the name 3.bak is not a version, since it is not a whole number`,
      `${tree.at('m/model')} is not served: the name model is not a version, since it is not a whole number`,
    ]);
  });

  it('of which none is a version leave the model listed as not loaded, saying why', async () => {
    await tree.lay('m/02/model.onnx');
    const artefact = only(await discover([tree.root]));
    expect(artefact).toMatchObject({ name: 'm', version: '02', isDefault: true, state: { state: 'refused' } });
    expect(reasonOf(artefact)).toContain('the name 02 is not a version, since it begins with a zero');
  });

  it('win over a model.onnx beside them, and lose against a model.ts', async () => {
    await tree.lay('a/model.onnx', 'a/1/model.onnx', 'b/model.ts', 'b/1/model.onnx');
    const repository = await discover([tree.root]);
    expect(tree.lines(repository)).toEqual(['a@1 servable onnx a/1/model.onnx', 'b@1 servable script b/model.ts']);
    expect(repository.artefacts[0]!.warnings).toEqual([
      `${tree.at('a/model.onnx')} is not served, since version folders are beside it`,
    ]);
    expect(repository.artefacts[1]!.warnings).toEqual([
      `the version folders of ${tree.at('b')} are not served, since model.ts is beside them`,
    ]);
  });

  it('may have a model.json of their own, which goes over that of the model', async () => {
    await tree.lay('m/1/model.onnx', 'm/2/model.onnx', [
      'm/model.json',
      '{"versions": "all", "instances": 1, "host": "h"}',
    ]);
    await tree.lay(['m/2/model.json', '{"instances": 4, "name": "other"}']);
    const { artefacts } = await discover([tree.root]);
    expect(artefacts.map(({ name, version, manifest }) => [name, version, manifest.instances, manifest.host])).toEqual([
      ['m', '2', 4, 'h'],
      ['m', '1', 1, 'h'],
    ]);
    expect(artefacts[0]!.warnings[0]).toContain('"name" and "versions" have no effect in the folder of one version');
  });

  it('that cannot be served do not take the place of one that can', async () => {
    await tree.lay('m/1/model.onnx', 'm/2/model.gguf');
    const repository = await discover([tree.root]);
    expect(tree.lines(repository)).toEqual(['m@2 refused m/2/model.gguf', 'm@1 servable onnx m/1/model.onnx']);
    expect(repository.artefacts[1]!.isDefault).toBe(true);
  });

  it('are ordered as numbers, however many digits they have', async () => {
    const versions = fc.uniqueArray(fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(versions, async (numbers) => {
        await tree.lay(...numbers.map((number) => `m/${number}/model.onnx`));
        const { artefacts } = await discover([tree.root]);
        const sorted = [...numbers].sort((a, b) => (a < b ? 1 : -1)).map(String);
        expect(artefacts.map(({ version }) => version)).toEqual(sorted);
        await rm(tree.at('m'), { recursive: true });
      }),
      { numRuns: 20 },
    );
  });
});
