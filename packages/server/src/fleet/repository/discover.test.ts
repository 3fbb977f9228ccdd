import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelArtefact, Repository } from './artefact.js';
import { discover } from './discover.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'jitney-repository-'));
});
afterEach(() => rm(root, { recursive: true }));

/** Writes files; a path that ends in `/` is an empty folder. Nothing is loaded, so the models are a few letters. */
async function lay(...paths: readonly (string | readonly [path: string, text: string])[]): Promise<void> {
  for (const item of paths) {
    const [path, text] = typeof item === 'string' ? [item, 'model'] : item;
    const full = join(root, path);
    if (path.endsWith('/')) await mkdir(full, { recursive: true });
    else {
      await mkdir(dirname(full), { recursive: true });
      await writeFile(full, text);
    }
  }
}

const at = (...parts: readonly string[]) => join(root, ...parts);

/** Each artefact in a line: `fraud@2 servable onnx fraud/2/model.onnx`. */
function lines({ artefacts }: Repository): string[] {
  return artefacts.map(({ name, version, state, kind, path }) =>
    [`${name}@${version}`, state.state, ...(kind === null ? [] : [kind]), path.slice(root.length + 1)].join(' '),
  );
}

function one({ artefacts }: Repository): ModelArtefact {
  expect(artefacts).toHaveLength(1);
  return artefacts[0]!;
}

function reasonOf(artefact: ModelArtefact): string {
  if (artefact.state.state === 'servable') throw new Error(`${artefact.name} is servable`);
  return artefact.state.reason;
}

async function refusal(...paths: readonly string[]): Promise<JitneyError> {
  const thrown = await discover(paths).then(
    (repository) => new Error(`found ${lines(repository).join(', ')}`),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(JitneyError);
  return thrown as JitneyError;
}

describe('a single file', () => {
  it('is a model, called as the file is, version 1, and what it names may not leave its folder', async () => {
    await lay('fraud.onnx');
    expect(one(await discover([at('fraud.onnx')]))).toEqual({
      name: 'fraud',
      version: '1',
      isDefault: true,
      path: at('fraud.onnx'),
      root,
      kind: 'onnx',
      manifest: {},
      state: { state: 'servable' },
      warnings: [],
      notes: [],
    });
  });

  it('may be code around a model', async () => {
    await lay('score.mts');
    expect(lines(await discover([at('score.mts')]))).toEqual(['score@1 servable script score.mts']);
  });

  it('takes its name and settings from a model.json beside a model.onnx, and says that a model.ts is not used', async () => {
    await lay('a/model.onnx', 'a/model.ts', ['a/model.json', '{"name": "fraud", "instances": 2}']);
    const artefact = one(await discover([at('a/model.onnx')]));
    expect(artefact).toMatchObject({ name: 'fraud', kind: 'onnx', manifest: { instances: 2 } });
    expect(artefact.warnings).toEqual([`model.ts beside it is not used; give the folder ${at('a')} instead`]);
  });

  it('does not take settings that belong to another file', async () => {
    await lay('a/fraud.onnx', ['a/model.json', '{"instances": 2}']);
    expect(one(await discover([at('a/fraud.onnx')])).manifest).toEqual({});
  });

  it('in another format is refused by its name, with the way out', async () => {
    await lay('chat.gguf', 'net.pt', 'model.txt');
    const reasons = await Promise.all(
      ['chat.gguf', 'net.pt', 'model.txt'].map(async (file) => reasonOf(one(await discover([at(file)])))),
    );
    expect(reasons[0]).toBe(
      `model chat, file ${at('chat.gguf')}, stage find: it is a GGUF model. ` +
        'Fix: wait for a later release, which serves GGUF, or serve an ONNX export.',
    );
    expect(reasons[1]).toContain('it is a PyTorch file. Fix: export it in Python with torch.onnx.export');
    expect(reasons[2]).toContain('it is a LightGBM model');
  });

  it('that is no model is an error of the one who gave it', async () => {
    await lay('notes.md');
    const error = await refusal(at('notes.md'));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(`${at('notes.md')}: expected a model`);
  });
});

describe('the folder of a model', () => {
  it.each([
    ['a model.onnx', ['fraud/model.onnx'], 'fraud@1 servable onnx fraud/model.onnx'],
    ['own code', ['fraud/model.ts'], 'fraud@1 servable script fraud/model.ts'],
    [
      'own code around the model.onnx beside it',
      ['fraud/model.onnx', 'fraud/model.ts'],
      'fraud@1 servable script fraud/model.ts',
    ],
    ['own code in JavaScript', ['fraud/model.mjs', 'fraud/model.onnx'], 'fraud@1 servable script fraud/model.mjs'],
    [
      'onnx/model.onnx as on Hugging Face',
      ['fraud/config.json', 'fraud/onnx/model.onnx'],
      'fraud@1 servable onnx fraud/onnx/model.onnx',
    ],
    ['onnx/model.onnx without a config', ['fraud/onnx/model.onnx'], 'fraud@1 servable onnx fraud/onnx/model.onnx'],
    [
      'one variant only',
      ['fraud/config.json', 'fraud/onnx/model_int8.onnx'],
      'fraud@1 servable onnx fraud/onnx/model_int8.onnx',
    ],
    [
      'a file of any name beside a config.json',
      ['fraud/config.json', 'fraud/bert.onnx'],
      'fraud@1 servable onnx fraud/bert.onnx',
    ],
    [
      'a model.onnx that is a folder with the weights',
      ['fraud/1/model.onnx/model.onnx', 'fraud/1/model.onnx/weights.bin'],
      'fraud@1 servable onnx fraud/1/model.onnx/model.onnx',
    ],
  ])('with %s is the same given directly or within its parent', async (_, files, line) => {
    await lay(...files);
    expect(lines(await discover([at('fraud')]))).toEqual([line]);
    expect(lines(await discover([root]))).toEqual([line]);
  });

  it('serves the plain model of several variants, and says so', async () => {
    await lay('m/config.json', 'm/onnx/model.onnx', 'm/onnx/model_fp16.onnx', 'm/onnx/model_quantized.onnx');
    expect(one(await discover([at('m')])).notes).toEqual([
      'onnx/model.onnx is served, not onnx/model_fp16.onnx, onnx/model_quantized.onnx; "file" in model.json chooses another',
    ]);
  });

  it('serves the file that model.json names', async () => {
    await lay('m/onnx/model.onnx', 'm/onnx/model_int8.onnx', ['m/model.json', '{"file": "onnx/model_int8.onnx"}']);
    expect(lines(await discover([at('m')]))).toEqual(['m@1 servable onnx m/onnx/model_int8.onnx']);
  });

  it('is refused where model.json names a file that is not there', async () => {
    await lay('m/model.onnx', ['m/model.json', '{"file": "other.onnx"}']);
    expect(reasonOf(one(await discover([at('m')])))).toContain(
      'model.json names the file "other.onnx", which is not there',
    );
  });

  it('is refused where several files could be the model, naming them', async () => {
    await lay('m/config.json', 'm/onnx/encoder_model.onnx', 'm/onnx/decoder_model.onnx');
    const reason = reasonOf(one(await discover([at('m')])));
    expect(reason).toContain(
      'several ONNX files and none is called model.onnx: decoder_model.onnx, encoder_model.onnx',
    );
    expect(reason).toContain('Fix: say which by "file" in a model.json');
  });

  it('serves the tensors alone where model.json says so', async () => {
    await lay('m/model.onnx', 'm/model.ts', ['m/model.json', '{"task": "tensor"}']);
    expect(lines(await discover([at('m')]))).toEqual(['m@1 servable onnx m/model.onnx']);
  });

  it('warns of ONNX files and code that are beside the model and not served', async () => {
    await lay('m/model.onnx', 'm/other.onnx', 'n/model.ts', 'n/model.js');
    const [m, n] = (await discover([root])).artefacts;
    expect(m!.warnings).toEqual([`${at('m/other.onnx')} is not served, since model.onnx is beside it`]);
    expect(n!.warnings).toEqual([`${at('n/model.js')} is not used, since model.ts is beside it`]);
  });

  it('warns that a config.pbtxt is not read', async () => {
    await lay('m/config.pbtxt', 'm/1/model.onnx');
    expect(one(await discover([at('m')])).warnings[0]).toMatch(
      /config\.pbtxt is not read .* taken from the model itself/,
    );
  });

  it('with nothing but settings is refused', async () => {
    await lay(['m/config.pbtxt', 'platform: "onnxruntime_onnx"']);
    expect(reasonOf(one(await discover([at('m')])))).toContain('it holds no model. Fix: put a model.onnx');
  });

  it('with weights of another format alone is refused, naming it', async () => {
    await lay('m/config.json', 'm/model.safetensors');
    expect(reasonOf(one(await discover([at('m')])))).toContain('it is safetensors, weights without a graph');
  });
});

describe('a model.json', () => {
  it('that is wrong refuses its model, and the others serve', async () => {
    await lay('a/model.onnx', ['a/model.json', '{\n  "instnces": 2\n}'], 'b/model.onnx');
    const repository = await discover([root]);
    expect(lines(repository)).toEqual(['a@1 refused a/model.json', 'b@1 servable onnx b/model.onnx']);
    expect(repository.artefacts[0]!.state).toMatchObject({
      error: { code: 'INVALID_CONFIG' },
      reason: `${at('a/model.json')}:2:3: instnces: is not a setting; did you mean instances?`,
    });
  });

  it('of XGBoost or TensorFlow.js is not taken for settings', async () => {
    await lay(['x/model.json', '{"learner":{"attributes":{}}}'], ['t/model.json', '{"format":"x","modelTopology":{}}']);
    const [t, x] = (await discover([root])).artefacts;
    expect(reasonOf(x!)).toContain('it is an XGBoost model. Fix: convert it to ONNX with onnxmltools');
    expect(reasonOf(t!)).toContain('it is a TensorFlow.js model');
  });

  it('of XGBoost beside a model.onnx is a warning', async () => {
    await lay('x/model.onnx', ['x/model.json', '{"learner":{"attributes":{}}}']);
    const artefact = one(await discover([root]));
    expect(artefact.state.state).toBe('servable');
    expect(artefact.warnings).toEqual([`${at('x/model.json')} is an XGBoost model and not read as settings`]);
  });

  it('above 1 MiB is refused without being parsed', async () => {
    await lay('m/model.onnx', ['m/model.json', `{"labels": ["${'x'.repeat(1 << 20)}"]}`]);
    expect(reasonOf(one(await discover([root])))).toContain('expected settings of at most 1048576 bytes');
  });

  it('with a setting that does nothing yet says so', async () => {
    await lay('m/model.onnx', ['m/model.json', '{"slo": {"latencyMs": 20}}']);
    expect(one(await discover([root])).warnings).toEqual([
      `${at('m/model.json')}: "slo" has no effect in this release`,
    ]);
  });
});

describe('version folders', () => {
  it('serve the highest; the others are left out, saying why', async () => {
    await lay('m/1/model.onnx', 'm/2/model.onnx', 'm/10/model.ts');
    const repository = await discover([root]);
    expect(lines(repository)).toEqual([
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
    await lay('m/1/model.onnx', 'm/2/model.onnx', 'm/3/model.onnx', ['m/model.json', `{"versions": ${policy}}`]);
    const { artefacts } = await discover([root]);
    expect(artefacts.filter(({ state }) => state.state === 'servable').map(({ version }) => version)).toEqual(served);
    expect(artefacts.find(({ isDefault }) => isDefault)!.version).toBe(served[0]);
  });

  it('that the policy names and are not there are refused by name', async () => {
    await lay('m/1/model.onnx', ['m/model.json', '{"versions": {"specific": [1, 5]}}']);
    const repository = await discover([root]);
    expect(lines(repository)).toEqual(['m@5 refused m', 'm@1 servable onnx m/1/model.onnx']);
    expect(reasonOf(repository.artefacts[0]!)).toContain('asks for version 5, which is not there (there is 1)');
    expect(repository.artefacts[1]!.isDefault).toBe(true);
  });

  // Case 16 of the collection of other servers' bugs.
  it('with odd names are warned about, each with its reason, and only real ones serve', async () => {
    await lay(
      'm/1/model.onnx',
      'm/02/model.onnx',
      'm/-1/model.onnx',
      'm/model/model.onnx',
      'm/3.bak/model.onnx',
      'm/7/',
    );
    await lay('m/.ipynb_checkpoints/model.onnx', 'm/configs/a.pbtxt', 'm/warmup/input');
    const artefact = one(await discover([root]));
    expect(artefact).toMatchObject({ name: 'm', version: '1', state: { state: 'servable' } });
    expect(artefact.warnings).toEqual([
      `${at('m/7')} is not served: it holds no model`,
      `${at('m/02')} is not served: the name 02 is not a version, since it begins with a zero; version 2 would be read`,
      `${at('m/-1')} is not served: the name -1 is not a version, since it has a sign`,
      `${at('m/3.bak')} is not served: the name 3.bak is not a version, since it is not a whole number`,
      `${at('m/model')} is not served: the name model is not a version, since it is not a whole number`,
    ]);
  });

  it('of which none is a version leave the model listed as not loaded, saying why', async () => {
    await lay('m/02/model.onnx');
    const artefact = one(await discover([root]));
    expect(artefact).toMatchObject({ name: 'm', version: '02', isDefault: true, state: { state: 'refused' } });
    expect(reasonOf(artefact)).toContain('the name 02 is not a version, since it begins with a zero');
  });

  it('win over a model.onnx beside them, and lose against a model.ts', async () => {
    await lay('a/model.onnx', 'a/1/model.onnx', 'b/model.ts', 'b/1/model.onnx');
    const repository = await discover([root]);
    expect(lines(repository)).toEqual(['a@1 servable onnx a/1/model.onnx', 'b@1 servable script b/model.ts']);
    expect(repository.artefacts[0]!.warnings).toEqual([
      `${at('a/model.onnx')} is not served, since version folders are beside it`,
    ]);
    expect(repository.artefacts[1]!.warnings).toEqual([
      `the version folders of ${at('b')} are not served, since model.ts is beside them`,
    ]);
  });

  it('may have a model.json of their own, which goes over that of the model', async () => {
    await lay('m/1/model.onnx', 'm/2/model.onnx', ['m/model.json', '{"versions": "all", "instances": 1, "host": "h"}']);
    await lay(['m/2/model.json', '{"instances": 4, "name": "other"}']);
    const { artefacts } = await discover([root]);
    expect(artefacts.map(({ name, version, manifest }) => [name, version, manifest.instances, manifest.host])).toEqual([
      ['m', '2', 4, 'h'],
      ['m', '1', 1, 'h'],
    ]);
    expect(artefacts[0]!.warnings[0]).toContain('"name" and "versions" have no effect in the folder of one version');
  });

  it('that cannot be served do not take the place of one that can', async () => {
    await lay('m/1/model.onnx', 'm/2/model.gguf');
    const repository = await discover([root]);
    expect(lines(repository)).toEqual(['m@2 refused m/2/model.gguf', 'm@1 servable onnx m/1/model.onnx']);
    expect(repository.artefacts[1]!.isDefault).toBe(true);
  });

  it('are ordered as numbers, however many digits they have', async () => {
    const versions = fc.uniqueArray(fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(versions, async (numbers) => {
        await lay(...numbers.map((number) => `m/${number}/model.onnx`));
        const { artefacts } = await discover([root]);
        const sorted = [...numbers].sort((a, b) => (a < b ? 1 : -1)).map(String);
        expect(artefacts.map(({ version }) => version)).toEqual(sorted);
        await rm(at('m'), { recursive: true });
      }),
      { numRuns: 20 },
    );
  });
});

describe('a folder of models', () => {
  it('holds files and folders, at any depth within bounds', async () => {
    await lay('a.onnx', 'b/model.onnx', 'group/c/model.ts', 'group/d.onnx', 'README.md', 'notes/text.txt', 'train.py');
    expect(lines(await discover([root]))).toEqual([
      'a@1 servable onnx a.onnx',
      'b@1 servable onnx b/model.onnx',
      'c@1 servable script group/c/model.ts',
      'd@1 servable onnx group/d.onnx',
    ]);
    await lay('1-/2-/3-/4-/5-/6-/deep.onnx');
    const deep = await discover([root]);
    expect(lines(deep)).toHaveLength(4);
    expect(deep.warnings).toEqual([
      `${at('1-/2-/3-/4-/5-/6-')} is not looked into: it lies more than 6 folders below what was given`,
    ]);
  });

  it('lists a GGUF as refused and warns of other formats, since a stray checkpoint is no model that was asked for', async () => {
    await lay('a.onnx', 'b.gguf', 'c.pt');
    const repository = await discover([root]);
    expect(lines(repository)).toEqual(['a@1 servable onnx a.onnx', 'b@1 refused b.gguf']);
    expect(repository.warnings).toEqual([expect.stringContaining(`${at('c.pt')} is not served: it is a PyTorch file`)]);
  });

  it('skips what is hidden and what tools leave behind', async () => {
    await lay('a.onnx', '.git/x.onnx', 'node_modules/y/model.onnx', '__pycache__/z.onnx', '.b.onnx');
    expect(lines(await discover([root]))).toEqual(['a@1 servable onnx a.onnx']);
  });

  it('with no model in it is an error that says what was looked for', async () => {
    await lay('notes/text.txt');
    const error = await refusal(root);
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(`no model found: ${root}: expected an .onnx file`);
    expect((await refusal()).message).toContain('no path was given');
  });
});

describe('a name', () => {
  it.each(['mixed columns', 'größe', 'a b', '-x', 'x'.repeat(129)])(
    '%j that cannot stand in a URL refuses the model, with the fix',
    async (name) => {
      await lay(`${name}.onnx`, 'good.onnx');
      const { artefacts } = await discover([root]);
      const bad = artefacts.find((artefact) => artefact.name === name)!;
      expect(bad.state).toMatchObject({ state: 'refused', error: { code: 'INVALID_CONFIG' } });
      expect(reasonOf(bad)).toContain('Fix: rename it or set "name" in a model.json in its folder');
      expect(artefacts.find((artefact) => artefact.name === 'good')!.state.state).toBe('servable');
    },
  );

  it('from model.json makes any folder servable', async () => {
    await lay('größe 1/model.onnx', ['größe 1/model.json', '{"name": "size"}']);
    expect(lines(await discover([root]))).toEqual(['size@1 servable onnx größe 1/model.onnx']);
    await writeFile(at('größe 1/model.json'), '{}');
    expect(reasonOf(one(await discover([root])))).toContain('for example gro-e-1');
  });

  it('that two models share refuses both and names both places', async () => {
    await lay('x/fraud/model.onnx', 'y/fraud.onnx', 'z.onnx');
    const { artefacts } = await discover([at('x'), at('y'), at('z.onnx')]);
    expect(artefacts.map(({ name, state }) => [name, state.state])).toEqual([
      ['fraud', 'refused'],
      ['fraud', 'refused'],
      ['z', 'servable'],
    ]);
    for (const artefact of artefacts.slice(0, 2)) {
      expect(reasonOf(artefact)).toContain(
        `several models are called fraud: ${at('x/fraud')} and ${at('y/fraud.onnx')}`,
      );
    }
  });

  it('is no duplicate where two paths lead to the same model', async () => {
    await lay('fraud/model.onnx');
    expect(lines(await discover([root, at('fraud'), root]))).toEqual(['fraud@1 servable onnx fraud/model.onnx']);
  });
});

describe('links', () => {
  it('are followed, saying where they lead, and keep the place where a model looks for its weights', async () => {
    await lay('blobs/abc', 'elsewhere/fraud/model.onnx', 'repo/m/');
    await symlink(at('blobs/abc'), at('repo/m/model.onnx'));
    await symlink(at('elsewhere/fraud'), at('repo/n'));
    const repository = await discover([at('repo')]);
    expect(lines(repository)).toEqual(['m@1 servable onnx repo/m/model.onnx', 'n@1 servable onnx repo/n/model.onnx']);
    expect(repository.artefacts.map(({ notes }) => notes)).toEqual([
      [`${at('repo/m/model.onnx')} is a link to ${at('blobs/abc')}`],
      [`${at('repo/n')} is a link to ${at('elsewhere/fraud')}`],
    ]);
  });

  it('that lead nowhere are refused models, each with its error, and the others serve', async () => {
    await lay('good.onnx', 'm/config.json');
    await symlink(at('gone'), at('fraud'));
    await symlink(at('gone.onnx'), at('score.onnx'));
    await symlink(at('gone.md'), at('README.md'));
    await symlink(at('gone.onnx'), at('m/model.onnx'));
    const repository = await discover([root]);
    expect(lines(repository)).toEqual([
      'fraud@1 refused fraud',
      'good@1 servable onnx good.onnx',
      'm@1 refused m/model.onnx',
      'score@1 refused score.onnx',
    ]);
    const [fraud, , m, score] = repository.artefacts;
    for (const artefact of [fraud, m, score]) expect(reasonOf(artefact!)).toContain('it is a link that leads nowhere');
  });

  it('that lead back to a folder they lie in end there', async () => {
    await lay('group/a.onnx');
    await symlink(root, at('group/loop'));
    await symlink(at('self'), at('self'));
    const repository = await discover([root]);
    expect(lines(repository)).toEqual(['a@1 servable onnx group/a.onnx', 'self@1 refused self']);
    expect(repository.warnings).toEqual([expect.stringContaining(`${at('group/loop')} is a link to`)]);
  });
});

describe('a path', () => {
  it('that is not there is an error that names it', async () => {
    expect((await refusal(at('nothing'))).message).toContain(
      `${at('nothing')}: expected a model or a folder with models: no such`,
    );
    await symlink(at('gone'), at('link'));
    expect((await refusal(at('link'))).message).toContain('is a link that leads nowhere');
    await lay('file');
    expect((await refusal(at('file/below'))).message).toContain('cannot be read (ENOTDIR)');
  });

  it('of another source says that it comes later', async () => {
    expect((await refusal('hf:org/name')).message).toContain('other sources come with a later release');
  });

  it('may be relative', async () => {
    await lay('fraud/model.onnx');
    const before = process.cwd();
    process.chdir(root);
    try {
      const { artefacts } = await discover(['./fraud']);
      expect(basename(artefacts[0]!.root)).toBe('fraud');
      expect(artefacts[0]!.path.startsWith('/')).toBe(process.platform !== 'win32');
    } finally {
      process.chdir(before);
    }
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
    await lay('good.onnx', 'secret/model.onnx', 'm/1/model.onnx');
    await chmod(root, 0o755);
    await chmod(at('secret'), 0o000);
    await chmod(at('m/1'), 0o000);
    const repository = await withoutPrivilege(() => discover([root]));
    await chmod(at('secret'), 0o755);
    await chmod(at('m/1'), 0o755);
    expect(lines(repository)).toEqual(['good@1 servable onnx good.onnx', 'm@1 refused m/1', 'secret@1 refused secret']);
    expect(reasonOf(repository.artefacts[2]!)).toContain('it cannot be read (EACCES). Fix: let this user read it');
  });
});

describe('a discovery that is given up', () => {
  it('ends with the reason of its signal', async () => {
    await lay('a.onnx');
    const reason = new Error('enough');
    await expect(discover([root], AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

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
        for (const one of paths) await lay(one).catch(() => {});
        if (settings !== null) await lay([`${settings[0]}/model.json`, settings[1]]).catch(() => {});
        const found = await discover([root]).catch((error: JitneyError) => error);
        if (found instanceof Error) expect(found.code).toBe('INVALID_CONFIG');
        else expectSound(found);
        await rm(root, { recursive: true });
        await mkdir(root);
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
