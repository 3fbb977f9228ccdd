import { symlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discover } from './discover.js';
import { only, reasonOf, refusalOf, useTree } from './testing/tree.js';

const tree = useTree(beforeEach, afterEach);

describe('a single file', () => {
  it('is a model, called as the file is, version 1, and what it names may not leave its folder', async () => {
    await tree.lay('fraud.onnx');
    expect(only(await discover([tree.at('fraud.onnx')]))).toEqual({
      name: 'fraud',
      version: '1',
      isDefault: true,
      path: tree.at('fraud.onnx'),
      root: tree.root,
      kind: 'onnx',
      manifest: {},
      state: { state: 'servable' },
      warnings: [],
      notes: [],
    });
  });

  it('may be code around a model', async () => {
    await tree.lay('score.mts');
    expect(tree.lines(await discover([tree.at('score.mts')]))).toEqual(['score@1 servable script score.mts']);
  });

  it('takes its name and settings from a model.json beside a model.onnx, and says that a model.ts is not used', async () => {
    await tree.lay('a/model.onnx', 'a/model.ts', ['a/model.json', '{"name": "fraud", "instances": 2}']);
    const artefact = only(await discover([tree.at('a/model.onnx')]));
    expect(artefact).toMatchObject({ name: 'fraud', kind: 'onnx', manifest: { instances: 2 } });
    expect(artefact.warnings).toEqual([`model.ts beside it is not used; give the folder ${tree.at('a')} instead`]);
  });

  it('does not take settings that belong to another file', async () => {
    await tree.lay('a/fraud.onnx', ['a/model.json', '{"instances": 2}']);
    expect(only(await discover([tree.at('a/fraud.onnx')])).manifest).toEqual({});
  });

  it('in another format is refused by its name, with the way out', async () => {
    await tree.lay('chat.gguf', 'net.pt', 'model.txt');
    const reasons = await Promise.all(
      ['chat.gguf', 'net.pt', 'model.txt'].map(async (file) => reasonOf(only(await discover([tree.at(file)])))),
    );
    expect(reasons[0]).toBe(
      `model chat, file ${tree.at('chat.gguf')}, stage find: it is a GGUF model. ` +
        'Fix: wait for a later release, which serves GGUF, or serve an ONNX export.',
    );
    expect(reasons[1]).toContain('it is a PyTorch file. Fix: export it in Python with torch.onnx.export');
    expect(reasons[2]).toContain('it is a LightGBM model');
  });

  it('that is no model is an error of the one who gave it', async () => {
    await tree.lay('notes.md');
    const error = await refusalOf(tree.at('notes.md'));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(`${tree.at('notes.md')}: expected a model`);
  });
});

describe('a folder of models', () => {
  it('holds files and folders, at any depth within bounds', async () => {
    await tree.lay(
      'a.onnx',
      'b/model.onnx',
      'group/c/model.ts',
      'group/d.onnx',
      'README.md',
      'notes/text.txt',
      'train.py',
    );
    expect(tree.lines(await discover([tree.root]))).toEqual([
      'a@1 servable onnx a.onnx',
      'b@1 servable onnx b/model.onnx',
      'c@1 servable script group/c/model.ts',
      'd@1 servable onnx group/d.onnx',
    ]);
    await tree.lay('1-/2-/3-/4-/5-/6-/deep.onnx');
    const deep = await discover([tree.root]);
    expect(tree.lines(deep)).toHaveLength(4);
    expect(deep.warnings).toEqual([
      `${tree.at('1-/2-/3-/4-/5-/6-')} is not looked into: it lies more than 6 folders below what was given`,
    ]);
  });

  it('lists a GGUF as refused and warns of other formats, since a stray checkpoint is no model that was asked for', async () => {
    await tree.lay('a.onnx', 'b.gguf', 'c.pt');
    const repository = await discover([tree.root]);
    expect(tree.lines(repository)).toEqual(['a@1 servable onnx a.onnx', 'b@1 refused b.gguf']);
    expect(repository.warnings).toEqual([
      expect.stringContaining(`${tree.at('c.pt')} is not served: it is a PyTorch file`),
    ]);
  });

  it('skips what is hidden and what tools leave behind', async () => {
    await tree.lay('a.onnx', '.git/x.onnx', 'node_modules/y/model.onnx', '__pycache__/z.onnx', '.b.onnx');
    expect(tree.lines(await discover([tree.root]))).toEqual(['a@1 servable onnx a.onnx']);
  });

  it('with no model in it is an error that says what was looked for', async () => {
    await tree.lay('notes/text.txt');
    const error = await refusalOf(tree.root);
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(`no model found: ${tree.root}: expected an .onnx file`);
    expect((await refusalOf()).message).toContain('no path was given');
  });
});

describe('a name', () => {
  it.each(['mixed columns', 'größe', 'a b', '-x', 'x'.repeat(129)])(
    '%j that cannot stand in a URL refuses the model, with the fix',
    async (name) => {
      await tree.lay(`${name}.onnx`, 'good.onnx');
      const { artefacts } = await discover([tree.root]);
      const bad = artefacts.find((artefact) => artefact.name === name)!;
      expect(bad.state).toMatchObject({ state: 'refused', error: { code: 'INVALID_CONFIG' } });
      expect(reasonOf(bad)).toContain('Fix: rename it or set "name" in a model.json in its folder');
      expect(artefacts.find((artefact) => artefact.name === 'good')!.state.state).toBe('servable');
    },
  );

  it('from model.json makes any folder servable', async () => {
    await tree.lay('größe 1/model.onnx', ['größe 1/model.json', '{"name": "size"}']);
    expect(tree.lines(await discover([tree.root]))).toEqual(['size@1 servable onnx größe 1/model.onnx']);
    await writeFile(tree.at('größe 1/model.json'), '{}');
    expect(reasonOf(only(await discover([tree.root])))).toContain('for example gro-e-1');
  });

  it('that two models share refuses both and names both places', async () => {
    await tree.lay('x/fraud/model.onnx', 'y/fraud.onnx', 'z.onnx');
    const { artefacts } = await discover([tree.at('x'), tree.at('y'), tree.at('z.onnx')]);
    expect(artefacts.map(({ name, state }) => [name, state.state])).toEqual([
      ['fraud', 'refused'],
      ['fraud', 'refused'],
      ['z', 'servable'],
    ]);
    for (const artefact of artefacts.slice(0, 2)) {
      expect(reasonOf(artefact)).toContain(
        `several models are called fraud: ${tree.at('x/fraud')} and ${tree.at('y/fraud.onnx')}`,
      );
    }
  });

  it('is no duplicate where two paths lead to the same model', async () => {
    await tree.lay('fraud/model.onnx');
    expect(tree.lines(await discover([tree.root, tree.at('fraud'), tree.root]))).toEqual([
      'fraud@1 servable onnx fraud/model.onnx',
    ]);
  });
});

describe('a path', () => {
  it('that is not there is an error that names it', async () => {
    expect((await refusalOf(tree.at('nothing'))).message).toContain(
      `${tree.at('nothing')}: expected a model or a folder with models: no such`,
    );
    await symlink(tree.at('gone'), tree.at('link'));
    expect((await refusalOf(tree.at('link'))).message).toContain('is a link that leads nowhere');
    await tree.lay('file');
    expect((await refusalOf(tree.at('file/below'))).message).toContain('cannot be read (ENOTDIR)');
  });

  it('of another source says that it comes later', async () => {
    expect((await refusalOf('hf:org/name')).message).toContain('other sources come with a later release');
  });

  it('may be relative', async () => {
    await tree.lay('fraud/model.onnx');
    const before = process.cwd();
    process.chdir(tree.root);
    try {
      const { artefacts } = await discover(['./fraud']);
      expect(basename(artefacts[0]!.root)).toBe('fraud');
      expect(artefacts[0]!.path.startsWith('/')).toBe(process.platform !== 'win32');
    } finally {
      process.chdir(before);
    }
  });
});

describe('a discovery that is given up', () => {
  it('ends with the reason of its signal', async () => {
    await tree.lay('a.onnx');
    const reason = new Error('enough');
    await expect(discover([tree.root], AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
