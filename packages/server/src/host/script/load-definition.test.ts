import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDefinition } from './load-definition.js';
import { createScriptFolder, type ScriptFolder } from './testing/script-folder.js';

let folder: ScriptFolder;
beforeAll(async () => {
  folder = await createScriptFolder();
});
afterAll(() => folder.remove());

const HEAD = "import { defineModel } from 'jitney';\nimport * as z from 'zod';\n";
const FIELDS = {
  model: "'./model.onnx'",
  input: 'z.number()',
  output: 'z.number()',
  preprocess: '(value) => ({ x: [value] })',
  postprocess: '({ y }) => y.data[0]',
};

let scripts = 0;
/** Loads a script of its own name, since a module that was imported stays. */
const load = async (text: string, extension = 'ts') => {
  scripts += 1;
  return loadDefinition(await folder.write(`model-${scripts}.${extension}`, text), folder.cache);
};
const withFields = (changes: Partial<Record<keyof typeof FIELDS, string | undefined>>) => {
  const fields = Object.entries({ ...FIELDS, ...changes }).filter(([, value]) => value !== undefined);
  return `${HEAD}export default defineModel({ ${fields.map(([key, value]) => `${key}: ${value}`).join(', ')} });`;
};

describe('a model definition', () => {
  it.each(['ts', 'mts', 'js', 'mjs'])('is imported from a .%s file without a build step', async (extension) => {
    const definition = await load(withFields({}), extension);
    expect(definition.model).toBe('./model.onnx');
    expect(definition.preprocess(5, {} as never)).toEqual({ x: [5] });
  });

  it('may be TypeScript of any kind', async () => {
    const text = `${HEAD}enum Side { Left = 1 }\nexport default defineModel({ ${Object.entries(FIELDS)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', ')}, example: Side.Left as number });`;
    expect((await load(text)).example).toBe(1);
  });

  it('may have any schema that follows Standard Schema', async () => {
    const input = "{ '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } }";
    expect((await load(withFields({ input }))).input['~standard'].vendor).toBe('own');
  });

  it('may be without the helper, since it is a plain object', async () => {
    const text = withFields({}).replace('defineModel(', '(').replace("import { defineModel } from 'jitney';\n", '');
    expect((await load(text)).model).toBe('./model.onnx');
  });
});

describe('a script that is no model definition', () => {
  it.each<[string, string, RegExp]>([
    ['has no default export', 'export const a = 1;', /has no default export\. Write: export default defineModel/],
    ['exports nothing', 'export default undefined;', /has no default export/],
    ['exports a function', 'export default () => {};', /has no default export/],
    ['lacks fields', withFields({ input: undefined, postprocess: undefined }), /lacks input, postprocess$/],
    ['names no model', withFields({ model: '5' }), /'model' must be the path of a model file, as a string$/],
    ['has no function', withFields({ preprocess: '{}' }), /'preprocess' must be a function, got object$/],
    ['has no schema', withFields({ output: '{}' }), /'output' must be a schema \(zod 4, valibot/],
  ])('is refused where it %s', async (_what, text, why) => {
    const failed = load(text);
    await expect(failed).rejects.toThrow(why);
    await expect(failed).rejects.toMatchObject({ code: 'INVALID_MODEL' });
    await expect(failed).rejects.toThrow(`model-${scripts}.ts: `);
  });
});

describe('a script that fails as it is imported', () => {
  it('is refused by its own line', async () => {
    const failed = load('const a: string[] = [];\n\ninterface Nothing {}\nexport default a[0].length;');
    await expect(failed).rejects.toThrow(/cannot be imported: .*undefined.* \(line 4\)$/);
    await expect(failed).rejects.toMatchObject({ code: 'INVALID_MODEL', cause: expect.any(TypeError) });
  });

  it('is refused where it throws no error', async () => {
    await expect(load("throw 'no';")).rejects.toThrow(/cannot be imported: no$/);
  });

  it('is refused where it does not parse', async () => {
    await expect(load('export default {')).rejects.toThrow(/model-\d+\.ts: .*\(line 1\)/);
  });
});
