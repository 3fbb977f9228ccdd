import { chmod, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bundleScript } from './script-cache.js';
import { createScriptFolder, type ScriptFolder } from './testing/script-folder.js';

let folder: ScriptFolder;
beforeEach(async () => {
  folder = await createScriptFolder();
});
afterEach(() => folder.remove());

const bundle = (script: string) => bundleScript(script, folder.cache);
const LONG_AGO = new Date('2020-01-01');
/** What the bundle exports, whatever was imported from that place before. */
const importFresh = async (path: string) => {
  const { mtimeMs } = await stat(path);
  return (await import(`${pathToFileURL(path).href}?${mtimeMs}`)) as Record<string, unknown>;
};
const exportsOf = async (script: string) => importFresh((await bundle(script)).path);
/** Another file for each time it was bundled. */
const inodeOf = async (path: string) => (await stat(path)).ino;

describe('a script', () => {
  it('becomes one file with what it imports from beside it', async () => {
    await folder.write(
      'lib/scale.ts',
      "import { factor } from './factor.js';\nexport const scale = (x: number): number => factor * x;",
    );
    await folder.write('lib/factor.ts', 'export const factor: number = 3;');
    await folder.write('labels.json', '["no", "yes"]');
    const script = await folder.write(
      'model.ts',
      "import labels from './labels.json' with { type: 'json' };\nimport { scale } from './lib/scale.ts';\nexport const six = scale(2), last = labels[1];",
    );
    expect(await exportsOf(script)).toMatchObject({ six: 6, last: 'yes' });
  });

  it('knows its own place, and each of its files theirs', async () => {
    await folder.write('lib/where.ts', 'export const file = import.meta.filename;');
    const script = await folder.write(
      'model.ts',
      [
        "import { readFileSync } from 'node:fs';",
        "export { file } from './lib/where.js';",
        "export const text = readFileSync(new URL('./note.txt', import.meta.url), 'utf8');",
        'export const folder = import.meta.dirname;',
      ].join('\n'),
    );
    await folder.write('note.txt', 'beside it');
    expect(await exportsOf(script)).toMatchObject({
      text: 'beside it',
      folder: folder.path,
      file: join(folder.path, 'lib/where.ts'),
    });
  });

  it('may import jitney and zod though nothing is installed beside it', async () => {
    const script = await folder.write(
      'model.ts',
      "import { defineModel } from 'jitney';\nimport * as z from 'zod';\nexport const it = [typeof defineModel, z.number().parse(5)];",
    );
    const { path } = await bundle(script);
    expect(await readFile(path, 'utf8')).not.toMatch(/from ["']zod["']/);
    expect(await readFile(path, 'utf8')).toMatch(/from ["']file:\/\/.*["']/);
  });
});

describe('packages', () => {
  const install = async (name: string, files: Readonly<Record<string, string>>) => {
    for (const [file, text] of Object.entries(files)) await folder.write(`node_modules/${name}/${file}`, text);
  };

  it('are imported from where they lie, native parts and all', async () => {
    await install('native', {
      'package.json': '{"main":"index.js"}',
      'index.js': "exports.place = __dirname; exports.load = () => require('./addon.node');",
    });
    const script = await folder.write('model.ts', "import native from 'native';\nexport const { place } = native;");
    expect(await exportsOf(script)).toMatchObject({ place: join(folder.path, 'node_modules/native') });
  });

  it('are resolved as Node resolves them, not as a bundler for browsers would', async () => {
    await install('two-faced', {
      'package.json': '{"exports":{"module":"./bundlers.js","import":"./node.mjs"}}',
      'bundlers.js': 'export const face = "bundlers";',
      'node.mjs': 'export const face = "node";',
    });
    const script = await folder.write('model.ts', "export { face } from 'two-faced';");
    expect(await exportsOf(script)).toMatchObject({ face: 'node' });
  });

  it("of the user's own workspace are bundled, since Node may not read TypeScript", async () => {
    await folder.write('shared/package.json', '{"name":"shared","exports":"./index.ts"}');
    await folder.write('shared/index.ts', 'export const shared: string = "own";');
    await mkdir(join(folder.path, 'node_modules'));
    await symlink(join(folder.path, 'shared'), join(folder.path, 'node_modules/shared'));
    const script = await folder.write('model.ts', "export { shared } from 'shared';");
    expect(await exportsOf(script)).toMatchObject({ shared: 'own' });
  });

  it.each([
    ['left-out', 'left-out'],
    ['@scope/left-out/deep/inside.js', '@scope/left-out'],
  ])('that are missing are named with the fix: %s', async (wanted, name) => {
    const script = await folder.write('model.ts', `import '${wanted}';`);
    await expect(bundle(script)).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: `${script}: package '${name}' is not installed: run npm install ${name} (line 1)`,
    });
  });
});

describe('what cannot be bundled', () => {
  it.each([
    ['const x = ;', 1, /Unexpected ";"/],
    ['let ok = 1;\nlet ok = 2;', 2, /"ok" has already been declared/],
    ["\n\nimport './nowhere.js';", 3, /Could not resolve "\.\/nowhere\.js"/],
  ])('is told by line: %j', async (text, line, why) => {
    const script = await folder.write('model.ts', text);
    const failed = bundle(script);
    await expect(failed).rejects.toThrow(why);
    await expect(failed).rejects.toThrow(`(line ${line})`);
    await expect(failed).rejects.toThrow(script);
  });

  it('is told with its file where that is another', async () => {
    const helper = await folder.write('helper.ts', 'export const a = 1;\nexport const b = (;');
    const script = await folder.write('model.ts', "export * from './helper.js';");
    await expect(bundle(script)).rejects.toThrow(`(${helper}, line 2)`);
  });

  it('is told where there is no such script', async () => {
    await expect(bundle(join(folder.path, 'none.ts'))).rejects.toThrow(/none\.ts/);
  });

  it('leaves nothing in the cache', async () => {
    await expect(bundle(await folder.write('model.ts', '(('))).rejects.toThrow();
    expect(await readdir(folder.cache.folder)).toEqual([]);
  });
});

describe('a script that was bundled before', () => {
  it('is taken from the cache while its files are the same', async () => {
    await folder.write('helper.ts', 'export const a = 1;');
    const script = await folder.write('model.ts', "export * from './helper.js';");
    const { path } = await bundle(script);
    const first = await inodeOf(path);
    await writeFile(script, await readFile(script));
    expect([(await bundle(script)).path, await inodeOf(path)]).toEqual([path, first]);
  });

  it.each(['model.ts', 'helper.ts', 'deep/constants.json'])('is bundled again when %s was edited', async (edited) => {
    await folder.write('deep/constants.json', '{"a":1}');
    await folder.write('helper.ts', "import { a } from './deep/constants.json';\nexport const b = a + 1;");
    const script = await folder.write('model.ts', "import { b } from './helper.js';\nexport const c = b + 1;");
    expect(await exportsOf(script)).toMatchObject({ c: 3 });
    const path = join(folder.path, edited);
    await writeFile(path, (await readFile(path, 'utf8')).replace('1', '41'));
    expect(await exportsOf(script)).toMatchObject({ c: 43 });
  });

  it('is bundled again when a package that it imports has moved', async () => {
    const dependency = join(folder.path, 'node_modules/dependency');
    await folder.write('store/dependency@1/index.js', 'exports.a = 1;');
    await folder.write('store/dependency@2/index.js', 'exports.a = 2;');
    await mkdir(join(folder.path, 'node_modules'));
    await symlink(join(folder.path, 'store/dependency@1'), dependency);
    const script = await folder.write('model.ts', "export { a } from 'dependency';");
    expect(await exportsOf(script)).toMatchObject({ a: 1 });
    await rm(dependency);
    await symlink(join(folder.path, 'store/dependency@2'), dependency);
    await rm(join(folder.path, 'store/dependency@1'), { recursive: true });
    expect(await exportsOf(script)).toMatchObject({ a: 2 });
  });

  it('is refused when a file of it is gone', async () => {
    const helper = await folder.write('helper.ts', 'export const b = 2;');
    const script = await folder.write('model.ts', "export * from './helper.js';");
    await bundle(script);
    await rm(helper);
    await expect(bundle(script)).rejects.toThrow(/Could not resolve "\.\/helper\.js"/);
  });

  it('is bundled again where the cache holds something else', async () => {
    const script = await folder.write('model.ts', 'export const a = 1;');
    const { path } = await bundle(script);
    for (const rubbish of ['', 'export const a = 2;', '\n//# jitney {"inputs":', '\n//# jitney null']) {
      await writeFile(path, rubbish);
      expect(await exportsOf(script)).toMatchObject({ a: 1 });
    }
  });

  it('is kept as long as it is used, and removed when it was not for a month', async () => {
    const [used, unused, other] = await Promise.all(
      ['used', 'unused', 'other'].map((name) => folder.write(`${name}.ts`, 'export const a = 1;')),
    );
    const paths = [await bundle(used as string), await bundle(unused as string)].map(({ path }) => path);
    for (const path of paths) await utimes(path, LONG_AGO, LONG_AGO);
    await bundle(used as string);
    await bundle(other as string);
    const names = (await readdir(folder.cache.folder)).map((name) => name.split('-')[0]);
    expect(names.sort()).toEqual(['other', 'used']);
  });

  it('is not mistaken for another of the same name', async () => {
    const one = await folder.write('one/model.ts', 'export const a = 1;');
    const two = await folder.write('two/model.ts', 'export const a = 2;');
    expect((await bundle(one)).path).not.toBe((await bundle(two)).path);
  });

  it('is bundled once though two hosts load it at the same time', async () => {
    const script = await folder.write('model.ts', 'export const a = 1;');
    const [one, two] = await Promise.all([bundle(script), bundle(script)]);
    expect(one.path).toBe(two.path);
    expect(await readdir(folder.cache.folder)).toHaveLength(1);
    expect(await importFresh(one.path)).toMatchObject({ a: 1 });
  });
});

describe('a cache that cannot be trusted or written', () => {
  const bundledOnce = async () => {
    const script = await folder.write('model.ts', 'export const a = 1;');
    const { path, release } = await bundle(script);
    expect(path.startsWith(folder.cache.folder)).toBe(false);
    expect(await importFresh(path)).toMatchObject({ a: 1 });
    await release();
    await expect(stat(path)).rejects.toThrow(/ENOENT/);
  };

  it('is left alone where its place is taken by a file', async () => {
    await folder.write('cache', '');
    await bundledOnce();
  });

  it('is left alone where others can write to it', async () => {
    await mkdir(folder.cache.folder);
    await chmod(folder.cache.folder, 0o777);
    await bundledOnce();
    expect(await readdir(folder.cache.folder)).toEqual([]);
  });

  it('leaves no folder behind where the script cannot be bundled either', async () => {
    await folder.write('cache', '');
    await mkdir(join(folder.path, 'tmp'));
    vi.stubEnv('TMPDIR', join(folder.path, 'tmp'));
    await expect(bundle(await folder.write('model.ts', '(('))).rejects.toThrow(/line 1/);
    expect(await readdir(join(folder.path, 'tmp'))).toEqual([]);
    vi.unstubAllEnvs();
  });
});
