import { chmod, symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discover } from './discover.js';
import { reasonOf, useTree } from './testing/tree.js';

const tree = useTree(beforeEach, afterEach);

describe('links', () => {
  it('are followed, saying where they lead, and keep the place where a model looks for its weights', async () => {
    await tree.lay('blobs/abc', 'elsewhere/fraud/model.onnx', 'repo/m/');
    await symlink(tree.at('blobs/abc'), tree.at('repo/m/model.onnx'));
    await symlink(tree.at('elsewhere/fraud'), tree.at('repo/n'));
    const repository = await discover([tree.at('repo')]);
    expect(tree.lines(repository)).toEqual([
      'm@1 servable onnx repo/m/model.onnx',
      'n@1 servable onnx repo/n/model.onnx',
    ]);
    expect(repository.artefacts.map(({ notes }) => notes)).toEqual([
      [`${tree.at('repo/m/model.onnx')} is a link to ${tree.at('blobs/abc')}`],
      [`${tree.at('repo/n')} is a link to ${tree.at('elsewhere/fraud')}`],
    ]);
  });

  it('that lead nowhere are refused models, each with its error, and the others serve', async () => {
    await tree.lay('good.onnx', 'm/config.json');
    await symlink(tree.at('gone'), tree.at('fraud'));
    await symlink(tree.at('gone.onnx'), tree.at('score.onnx'));
    await symlink(tree.at('gone.md'), tree.at('README.md'));
    await symlink(tree.at('gone.onnx'), tree.at('m/model.onnx'));
    const repository = await discover([tree.root]);
    expect(tree.lines(repository)).toEqual([
      'fraud@1 refused fraud',
      'good@1 servable onnx good.onnx',
      'm@1 refused m/model.onnx',
      'score@1 refused score.onnx',
    ]);
    const [fraud, , m, score] = repository.artefacts;
    for (const artefact of [fraud, m, score]) expect(reasonOf(artefact!)).toContain('it is a link that leads nowhere');
  });

  it('that lead back to a folder they lie in end there', async () => {
    await tree.lay('group/a.onnx');
    await symlink(tree.root, tree.at('group/loop'));
    await symlink(tree.at('self'), tree.at('self'));
    const repository = await discover([tree.root]);
    expect(tree.lines(repository)).toEqual(['a@1 servable onnx group/a.onnx', 'self@1 refused self']);
    expect(repository.warnings).toEqual([expect.stringContaining(`${tree.at('group/loop')} is a link to`)]);
  });
});

describe('a folder that may not be read', () => {
  /** The superuser reads everything: then the look is taken as somebody else. */
  async function withoutPrivilege<T>(act: () => Promise<T>): Promise<T> {
    if (process.getuid?.() !== 0) return act();
    process.seteuid!(65_534);
    try {
      return await act();
    } finally {
      process.seteuid!(0);
    }
  }

  it.skipIf(process.platform === 'win32')('is a refused model, and the others serve', async () => {
    await tree.lay('good.onnx', 'secret/model.onnx', 'm/1/model.onnx');
    await chmod(tree.root, 0o755);
    await chmod(tree.at('secret'), 0o000);
    await chmod(tree.at('m/1'), 0o000);
    const repository = await withoutPrivilege(() => discover([tree.root]));
    await chmod(tree.at('secret'), 0o755);
    await chmod(tree.at('m/1'), 0o755);
    expect(tree.lines(repository)).toEqual([
      'good@1 servable onnx good.onnx',
      'm@1 refused m/1',
      'secret@1 refused secret',
    ]);
    expect(reasonOf(repository.artefacts[2]!)).toContain('it cannot be read (EACCES). Fix: let this user read it');
  });
});
