import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { infer } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { protocolModels } from './models.js';

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree(protocolModels());
  jitney = await startJitney([tree.root]);
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

/** A request as text, so that its numbers stand in it as they are written. */
const request = (datatype: string, data: string, shape = '[1,3]') =>
  `{"inputs":[{"name":"x","shape":${shape},"datatype":"${datatype}","data":${data}}]}`;

/** The answer of an identity, as text. */
const answer = (datatype: string, data: string, shape = '[1,3]') =>
  `{"model_name":"${datatype.toLowerCase()}","model_version":"1",` +
  `"outputs":[{"name":"y","datatype":"${datatype}","shape":${shape},"data":${data}}]}`;

const ask = async (datatype: string, data: string, shape?: string) => {
  const { status, text, headers } = await infer(jitney.port, datatype.toLowerCase(), request(datatype, data, shape));
  return { status, text, type: headers['content-type'] };
};

describe('values of each dtype in JSON', () => {
  it.each([
    ['BOOL', '[true,false,true]'],
    ['UINT8', '[0,127,255]'],
    ['INT8', '[-128,0,127]'],
    ['UINT16', '[0,1,65535]'],
    ['INT16', '[-32768,0,32767]'],
    ['UINT32', '[0,1,4294967295]'],
    ['INT32', '[-2147483648,0,2147483647]'],
    ['UINT64', '[18446744073709551615,9007199254740993,0]'],
    ['INT64', '[9007199254740993,-9223372036854775808,9223372036854775807]'],
    ['FP32', '[1.5,-0.1,3.4028235e+38]'],
    ['FP64', '[0.1,-1.7976931348623157e+308,5e-324]'],
    ['FP16', '[1.5,-2,65504]'],
    ['BF16', '[1.5,-2,256]'],
    ['BYTES', '["","a b","é😀"]'],
  ])('%s %s come back as they went', async (datatype, data) => {
    const got = await ask(datatype, data);
    expect(got).toEqual({ status: 200, text: answer(datatype, data), type: 'application/json' });
  });

  it.each([
    ['INT64', '[1.0,1e3,-2.50e1]', '[1,1000,-25]'],
    ['INT32', '[1.0,1e3,-0]', '[1,1000,0]'],
    ['FP32', '[1,16777217,1e-46]', '[1,16777216,0]'],
    ['FP32', '[0.1,1e39,-1e39]', '[0.1,Infinity,-Infinity]'],
    ['FP16', '[0.1,1e-8,70000]', '[0.0999755859375,0,Infinity]'],
  ])('%s %s become the nearest that there is: %s', async (datatype, sent, back) => {
    expect(await ask(datatype, sent)).toMatchObject({ status: 200, text: answer(datatype, back) });
  });

  it.each(['FP32', 'FP64', 'FP16', 'BF16'])(
    '%s takes and gives NaN and Infinity as Triton writes them',
    async (datatype) => {
      const data = '[NaN,Infinity,-Infinity]';
      expect(await ask(datatype, data)).toMatchObject({ status: 200, text: answer(datatype, data) });
    },
  );

  it.each(['FP32', 'FP64', 'FP16', 'BF16'])('%s takes null for a missing value: NaN', async (datatype) => {
    expect(await ask(datatype, '[1,null,3]')).toMatchObject({ status: 200, text: answer(datatype, '[1,NaN,3]') });
  });

  it('BYTES keeps zero bytes, quotes, escapes and everything beyond the basic plane', async () => {
    const sent = '["","he\\u0000llo","a\\"b\\\\c","\\u00e9\\ud83d\\ude00","\\n\\t","\\u2028"]';
    const { status, text } = await ask('BYTES', sent, '[2,3]');
    expect(status).toBe(200);
    expect(JSON.parse(text).outputs[0].data).toEqual(['', 'he\0llo', 'a"b\\c', 'é😀', '\n\t', '\u2028']);
  });
});

describe('what JSON may look like', () => {
  const flat = answer('FP32', '[1,2,3,4,5,6]', '[2,3]');

  it.each([
    ['flat', '[1,2,3,4,5,6]'],
    ['nested as the shape', '[[1,2,3],[4,5,6]]'],
    ['nested otherwise', '[[1],[2],[3],[4],[5],[6]]'],
    ['in parts', '[[1,2],3,[[4]],5,[6]]'],
    ['with white space', ' [ 1 , 2,\n3,\t4,5\r\n,6 ] '],
  ])('data may be %s: the answer is flat, row-major', async (_how, data) => {
    expect(await ask('FP32', data, '[2,3]')).toMatchObject({ status: 200, text: flat });
  });

  it('data may be nested 50 deep around one element, and 100, but not 101', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}1,2,3${']'.repeat(depth)}`;
    for (const depth of [50, 100]) expect(await ask('FP32', nested(depth))).toMatchObject({ status: 200 });
    const { status, text } = await ask('FP32', nested(101));
    expect(status).toBe(400);
    expect(text).toMatch(/100/);
  });

  it.each([
    ['data before datatype and name', '"data":[1,2,3],"shape":[1,3],"datatype":"FP32","name":"x"'],
    ['datatype last', '"name":"x","data":[1,2,3],"shape":[1,3],"datatype":"FP32"'],
    ['shape last', '"name":"x","datatype":"FP32","data":[1,2,3],"shape":[1,3]'],
    ['members it does not know', '"name":"x","datatype":"FP32","extra":{"a":[1,{}]},"data":[1,2,3],"shape":[1,3]'],
    ['escapes in names', '"n\\u0061me":"\\u0078","datatype":"FP32","data":[1,2,3],"shape":[1,3]'],
  ])('members may come in any order: %s', async (_order, members) => {
    const { status, text } = await infer(jitney.port, 'fp32', `{"inputs":[{${members}}]}`);
    expect([status, text]).toEqual([200, answer('FP32', '[1,2,3]')]);
  });

  it('a tensor without elements is one', async () => {
    expect(await ask('FP32', '[]', '[0,3]')).toMatchObject({ status: 200, text: answer('FP32', '[]', '[0,3]') });
    expect(await ask('BYTES', '[]', '[0,3]')).toMatchObject({ status: 200, text: answer('BYTES', '[]', '[0,3]') });
  });

  it('a large body is read and written whole', async () => {
    const values = Array.from({ length: 150_528 }, (_, index) => Math.fround(Math.sin(index)));
    const { status, text } = await ask('FP32', JSON.stringify(values), '[50176,3]');
    expect(status).toBe(200);
    expect(JSON.parse(text).outputs[0].data.map(Math.fround)).toEqual(values);
  });
});

describe('id, parameters and requested outputs', () => {
  const inputs = [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }];
  const names = (text: string) => JSON.parse(text).outputs.map(({ name }: { name: string }) => name);

  it('the id comes first in the answer, and is left out where there is none or an empty one', async () => {
    const withId = await infer(jitney.port, 'sums', { id: 'a "b"\n', inputs });
    expect(withId.text).toMatch(/^\{"id":"a \\"b\\"\\n","model_name":"sums","model_version":"1","outputs":\[/);
    const without = await infer(jitney.port, 'sums', { id: '', inputs });
    expect(without.text).toMatch(/^\{"model_name"/);
  });

  it('all outputs come where none is named, or an empty list', async () => {
    for (const outputs of [undefined, []]) {
      const { text } = await infer(jitney.port, 'sums', { inputs, outputs });
      expect(names(text)).toEqual(['plus', 'minus', 'same']);
    }
  });

  it.each([[['same', 'plus']], [['minus']], [['minus', 'same', 'plus']]])(
    '%j come in the order asked for',
    async (wanted) => {
      const { text } = await infer(jitney.port, 'sums', { inputs, outputs: wanted.map((name) => ({ name })) });
      expect(names(text)).toEqual(wanted);
      expect(JSON.parse(text).outputs.map(({ data }: { data: number[] }) => data)).toEqual(
        wanted.map((name) => ({ plus: [2, 3], minus: [0, 1], same: [1, 2] })[name]),
      );
    },
  );

  it('parameters may be strings, numbers and truth values; those it does not know are taken', async () => {
    const parameters = { text: 'a', whole: 5, real: 0.5, yes: true, priority: 2, timeout: 60_000_000 };
    const { status } = await infer(jitney.port, 'sums', { inputs, parameters });
    expect(status).toBe(200);
  });

  it.each([[{ deep: {} }], [{ list: [1] }], [{ none: null }]])('parameters %j are none: 400', async (parameters) => {
    const { status, text } = await infer(jitney.port, 'sums', { inputs, parameters });
    expect(status).toBe(400);
    expect(text).toContain("It should be either 'int', 'bool', or 'string'.");
  });

  it.each([[{ timeout: -1 }], [{ timeout: 1.5 }], [{ timeout: 'soon' }], [{ priority: -1 }], [{ priority: true }]])(
    'parameters %j are out of range: 400 that names them',
    async (parameters) => {
      const { status, text } = await infer(jitney.port, 'sums', { inputs, parameters });
      expect(status).toBe(400);
      expect(text).toContain(Object.keys(parameters)[0]);
    },
  );

  it('a timeout is counted in microseconds: one that is over before the run is 503 in Triton’s words', async () => {
    const { status, text } = await infer(jitney.port, 'sums', { inputs, parameters: { timeout: 1 } });
    expect(status).toBe(503);
    expect(JSON.parse(text).error).toContain('Request timeout expired');
  });

  it('answers of requests that ride together keep their own id and outputs', async () => {
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, n) =>
        infer(jitney.port, 'sums', {
          id: `id-${n}`,
          inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [n, -n] }],
          ...(n % 3 === 0 ? { outputs: [{ name: 'plus' }] } : {}),
        }),
      ),
    );
    for (const [n, { text }] of answers.entries()) {
      const parsed = JSON.parse(text);
      expect(parsed.id).toBe(`id-${n}`);
      expect(parsed.outputs[0].data).toEqual([n + 1, -n + 1]);
      expect(parsed.outputs).toHaveLength(n % 3 === 0 ? 1 : 3);
    }
  });
});
