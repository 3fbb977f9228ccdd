import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel } from '../../packages/onnxruntime/src/testing/models.js';
import { buildModel } from '../../packages/onnxruntime/src/testing/onnx-writer.js';
import { get, infer, inferBinary, post, splitBinary } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { call } from '../support/load.js';
import { inOneHost, type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';
import { sharedFolder } from '../support/shared.js';

/*
 * What went wrong for users of other servers, as their issues tell, and what is right. Each title ends with where it
 * was told: `owner/repo#number`.
 */

/** `difference = a - b`. */
function differenceModel(): Uint8Array {
  const value = (name: string) => ({ name, dtype: 'FP32', shape: ['batch', 2] }) as const;
  return buildModel({
    inputs: [value('a'), value('b')],
    outputs: [value('difference')],
    nodes: [{ op: 'Sub', inputs: ['a', 'b'], outputs: ['difference'] }],
  });
}

/** `y = 2 x`, of any length. */
function anyLengthModel(): Uint8Array {
  const value = (name: string) => ({ name, dtype: 'FP32', shape: ['batch', 'length'] }) as const;
  return buildModel({
    inputs: [value('x')],
    outputs: [value('y')],
    nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
  });
}

/** Folds all rows into one: `[n,2]` becomes `[1,2n]`. */
function losesBatchModel(): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 2] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 'any'] }],
    initializers: [{ name: 'flat', dtype: 'INT64', shape: [2], data: BigInt64Array.of(1n, -1n) }],
    nodes: [{ op: 'Reshape', inputs: ['x', 'flat'], outputs: ['y'] }],
  });
}

/** Tells what it was told: for seeing that batching leaves parameters alone. */
const PARAMETERS = `
import { defineModel } from 'jitney';
import * as z from 'zod';
export default defineModel({
  model: './model.onnx',
  input: z.number(),
  output: z.any(),
  preprocess: (value) => ({ x: [value, value, value] }),
  postprocess: ({ y }, { parameters }) => ({ y: Number(y.data[0]), parameters }),
});
`;

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({
    ...inOneHost({
      fp32: identityModel('FP32'),
      int64: identityModel('INT64'),
      uint64: identityModel('UINT64'),
      fp16: identityModel('FP16'),
      string: identityModel('BYTES'),
      two: differenceModel(),
      any: anyLengthModel(),
      folds: losesBatchModel(),
      one: identityModel('FP32', [1, 3]),
    }),
    'told/model.onnx': identityModel('FP32'),
    'told/model.ts': PARAMETERS,
    'told/model.json': JSON.stringify({ host: 'together' }),
  });
  jitney = await startJitney([tree.root], { args: ['--log-level', 'silent'] });
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const tensor = (datatype: string, shape: readonly number[], data: string, name = 'x') =>
  `{"name":"${name}","shape":[${shape}],"datatype":"${datatype}","data":${data}}`;
const ask = (model: string, ...inputs: readonly string[]) => infer(jitney.port, model, `{"inputs":[${inputs.join()}]}`);
const dataOf = ({ text }: { text: string }) => /"data":(\[[^\]]*\])/.exec(text)?.[1];
const errorOf = ({ text }: { text: string }): string => JSON.parse(text).error;

describe('the tensor API', () => {
  it('gives a number that is not finite in every form it is asked for: pytorch/serve#1304', async () => {
    const input = { name: 'x', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } };
    const bits = Buffer.from('0000c07f0000807f000080ff', 'hex');
    const asJson = await inferBinary(jitney.port, 'fp32', { inputs: [input] }, bits);
    expect([asJson.status, dataOf({ text: asJson.body.toString() })]).toEqual([200, '[NaN,Infinity,-Infinity]']);
    const asBytes = await inferBinary(
      jitney.port,
      'fp32',
      { inputs: [input], parameters: { binary_data_output: true } },
      bits,
    );
    expect(splitBinary(asBytes).blob.equals(bits)).toBe(true);
    const predicted = await post(jitney.port, '/predict/fp32', { inputs: [null, 1e39, -1e39] });
    expect(JSON.parse(predicted.text)).toMatchObject({ outputs: { y: [[null, null, null]] }, nonFinite: [{}, {}, {}] });
  });

  it('takes null for a missing float, and for no integer: SeldonIO/MLServer#1747', async () => {
    expect(dataOf(await ask('fp32', tensor('FP32', [1, 3], '[1,null,3]')))).toBe('[1,NaN,3]');
    const refused = await ask('int64', tensor('INT64', [1, 3], '[1,null,3]'));
    expect([refused.status, errorOf(refused)]).toEqual([400, expect.stringMatching(/element 1 of input 'x'/)]);
  });

  it('keeps every digit of 64-bit integers: Azure/ms-rest-js#331', async () => {
    const signed = '[9007199254740993,-9223372036854775808,9223372036854775807]';
    const unsigned = '[18446744073709551615,9007199254740993,0]';
    expect(dataOf(await ask('int64', tensor('INT64', [1, 3], signed)))).toBe(signed);
    expect(dataOf(await ask('uint64', tensor('UINT64', [1, 3], unsigned)))).toBe(unsigned);
    expect(dataOf(await ask('int64', tensor('INT64', [1, 3], '[1.0,1e3,0]')))).toBe('[1,1000,0]');
    for (const wrong of ['9223372036854775808', '1.5']) {
      expect((await ask('int64', tensor('INT64', [1, 3], `[${wrong},1,2]`))).status).toBe(400);
    }
  });

  it('takes half-precision numbers as numbers: triton-inference-server/server#5960', async () => {
    expect(dataOf(await ask('fp16', tensor('FP16', [1, 3], '[1.5,-2,0.1]')))).toBe('[1.5,-2,0.0999755859375]');
    expect(dataOf(await ask('fp16', tensor('FP16', [1, 3], '[65504,1e-8,70000]')))).toBe('[65504,0,Infinity]');
  });

  it('keeps strings whole, in JSON and as bytes, in and out: triton-inference-server/server PR 1257', async () => {
    const texts = ['', 'he\0llo', 'a"b\\c', 'é😀', '\n\t', '\u2028'];
    const bytes = Buffer.concat(
      texts.flatMap((text) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(Buffer.byteLength(text));
        return [length, Buffer.from(text)];
      }),
    );
    const asJson = { name: 'x', shape: [2, 3], datatype: 'BYTES', data: texts };
    const asBytes = { name: 'x', shape: [2, 3], datatype: 'BYTES', parameters: { binary_data_size: bytes.length } };
    for (const [input, blob] of [
      [asJson, Buffer.alloc(0)],
      [asBytes, bytes],
    ] as const) {
      const json = await inferBinary(jitney.port, 'string', { inputs: [input] }, blob);
      expect(JSON.parse(json.body.toString()).outputs[0].data).toEqual(texts);
      const raw = await inferBinary(
        jitney.port,
        'string',
        { inputs: [input], parameters: { binary_data_output: true } },
        blob,
      );
      expect(splitBinary(raw).blob.equals(bytes)).toBe(true);
    }
  });

  it('takes nested data and answers flat: SeldonIO/MLServer#185', async () => {
    for (const data of ['[[1,2,3],[4,5,6]]', '[1,2,3,4,5,6]']) {
      const answer = await ask('fp32', tensor('FP32', [2, 3], data));
      expect(JSON.parse(answer.text).outputs[0]).toEqual({
        name: 'y',
        datatype: 'FP32',
        shape: [2, 3],
        data: [1, 2, 3, 4, 5, 6],
      });
    }
  });

  it('refuses -1 in a shape, and serves the next request on the connection: triton-inference-server/server#3563', async () => {
    const hosts = await jitney.processes('jitney host');
    const connection = await openRaw(jitney.port);
    for (const [shape, status] of [
      ['-1,3', '400'],
      ['1,3', '200'],
      ['-1,3', '400'],
      ['1,3', '200'],
    ] as const) {
      const body = `{"inputs":[{"name":"x","shape":[${shape}],"datatype":"FP32","data":[1,2,3]}]}`;
      connection.write(
        `POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      expect((await connection.answer()).status).toContain(` ${status} `);
    }
    connection.close();
    const json = { inputs: [{ name: 'x', shape: [-1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } }] };
    expect((await inferBinary(jitney.port, 'fp32', json, Buffer.alloc(12))).status).toBe(400);
    expect(await jitney.processes('jitney host')).toEqual(hosts);
  });

  it('names inputs that are missing, unknown or there twice: triton-inference-server/server#5053', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => tensor('FP32', [1, 2], '[1,2]', name)) as [string, string, string];
    expect(errorOf(await ask('two', a))).toMatch(/missing.*'b'/);
    expect(errorOf(await ask('two', a, b, c))).toMatch(/'c'.*'a', 'b'/);
    expect(errorOf(await ask('two', a, a))).toMatch(/'a'.*twice/);
    for (const inputs of [[a], [a, b, c], [a, a]]) expect((await ask('two', ...inputs)).status).toBe(400);
  });
});

describe('requests at the same moment', () => {
  it('of different shapes are never padded and never mixed: triton-inference-server/server#3395', async () => {
    const filled = (rows: number, length: number, value: number) =>
      ask('any', tensor('FP32', [rows, length], JSON.stringify(Array(rows * length).fill(value))));
    for (let round = 0; round < 50; round++) {
      const [ones, threes] = await Promise.all([filled(1, 15, 1), filled(3, 20, 3)]);
      expect(JSON.parse(ones.text).outputs[0]).toMatchObject({ shape: [1, 15], data: Array(15).fill(2) });
      expect(JSON.parse(threes.text).outputs[0]).toMatchObject({ shape: [3, 20], data: Array(60).fill(6) });
    }
  });

  it('keep their own id and parameters: SeldonIO/MLServer#1541', async () => {
    const parameters = { id: '123', n: 5, b: true };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        post(jitney.port, '/predict/told', { inputs: n, parameters: { ...parameters, n } }),
      ),
    );
    expect(answers.map(({ text }) => JSON.parse(text))).toEqual(
      Array.from({ length: 50 }, (_, n) => ({ y: n, parameters: { ...parameters, n } })),
    );
    const infers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        infer(jitney.port, 'fp32', {
          id: String(n),
          parameters,
          inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [n, n, n] }],
        }),
      ),
    );
    expect(infers.map(({ text }) => JSON.parse(text).id)).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
  });

  it('of which one announces more strings than it has: that one is refused at once: SeldonIO/MLServer#1718', async () => {
    const wrong = () => ask('string', tensor('BYTES', [59, 3], '["one"]'));
    const right = () => ask('string', tensor('BYTES', [1, 3], '["a","b","c"]'));
    const answers = await Promise.all([wrong(), right(), wrong(), right()]);
    expect(answers.map(({ status }) => status)).toEqual([400, 200, 400, 200]);
    expect(errorOf(answers[0] as { text: string })).toMatch(/1 .*177/);
  });

  it('to a model that folds its rows get their own numbers, since it is found out at load: triton-inference-server/server#5334', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ask('folds', tensor('FP32', [1, 2], `[${2 * n + 1},${2 * n + 2}]`))),
    );
    expect(answers.map(dataOf)).toEqual(Array.from({ length: 20 }, (_, n) => `[${2 * n + 1},${2 * n + 2}]`));
    const page = (await get(jitney.port, '/')).text;
    expect(page).toMatch(/folds <small>[\s\S]*?<dt>batching<\/dt><dd>[^<]*(?:row|batch)/);
  });

  it('to a model whose batch is fixed at one are each run: triton-inference-server/server#1338', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ask('one', tensor('FP32', [1, 3], `[${n},${n},${n}]`))),
    );
    expect(answers.map(dataOf)).toEqual(Array.from({ length: 20 }, (_, n) => `[${n},${n},${n}]`));
    expect((await ask('one', tensor('FP32', [2, 3], '[1,2,3,4,5,6]'))).status).toBe(400);
  });
});

describe('HTTP', () => {
  const GOOD = `{"inputs":[${tensor('FP32', [1, 3], '[1,2,3]')}]}`;

  it.each([
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/JSON',
    'application/vnd.api+json',
  ])('takes the content type %s: fastify/fastify#419', async (type) => {
    for (const [path, body] of [
      ['/v2/models/fp32/infer', GOOD],
      ['/predict/fp32', '{"inputs":[1,2,3]}'],
    ] as const) {
      expect((await post(jitney.port, path, body, { 'content-type': type })).status).toBe(200);
    }
  });

  it('says of a compressed answer that it is: triton-inference-server/server#5185', async () => {
    const large = `{"inputs":[${tensor('FP32', [5_000, 3], JSON.stringify(Array(15_000).fill(1)))}]}`;
    const path = '/v2/models/fp32/infer';
    const plain = await call(jitney.port, { path, body: large });
    for (const accept of ['gzip', 'gzip;q=0', 'identity']) {
      const { headers, body } = await call(jitney.port, { path, body: large, headers: { 'accept-encoding': accept } });
      const encoding = headers['content-encoding'];
      expect(encoding).toBe(accept === 'gzip' ? 'gzip' : undefined);
      expect((encoding === 'gzip' ? gunzipSync(body) : body).equals(plain.body)).toBe(true);
      expect(headers.vary).toMatch(/accept-encoding/i);
    }
  });

  it('takes a body of 12 MB without a setting: pytorch/serve#1806', async () => {
    const rows = 1_000_000;
    const json = {
      inputs: [{ name: 'x', shape: [rows, 3], datatype: 'FP32', parameters: { binary_data_size: rows * 12 } }],
    };
    const wanted = { ...json, parameters: { binary_data_output: true } };
    const answer = await inferBinary(jitney.port, 'fp32', wanted, Buffer.alloc(rows * 12, 1));
    expect([answer.status, splitBinary(answer).blob.length]).toEqual([200, rows * 12]);
  });
});

const CASES = sharedFolder('cases');

describe.skipIf(!CASES.isThere)(`the files of these cases ${CASES.where}`, () => {
  const own = (path: string) => readFileSync(`${CASES.path}/${path}`);
  let files: ModelTree;
  let server: RunningJitney;
  beforeAll(async () => {
    const together = JSON.stringify({ host: 'together' });
    const names = ['any-length', 'fixed-one', 'loses-batch', 'two-inputs'];
    files = await plantTree(
      Object.fromEntries([
        ...names.flatMap((name) => [
          [`${name}/model.onnx`, own(`tensors/${name}.onnx`)] as const,
          [`${name}/model.json`, together] as const,
        ]),
        ...['plus-one', 'plus-ten'].flatMap((name) => [
          [`${name}/model.onnx`, own(`external/${name}/model.onnx`)] as const,
          [`${name}/model.onnx.data`, own(`external/${name}/model.onnx.data`)] as const,
        ]),
        ['fixed-one/config.pbtxt', 'max_batch_size: 8'],
        ['any-length/config.pbtxt', 'max_batch_size: 8 input { dims: [-1, -1] }'],
      ]),
    );
    server = await startJitney([files.root], { cwd: '/', args: ['--log-level', 'silent'] });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await files.remove();
  });
  const query = (model: string, ...inputs: readonly string[]) =>
    infer(server.port, model, `{"inputs":[${inputs.join()}]}`);

  it('weights beside a model are its own, wherever the server was started: microsoft/onnxruntime#11848', async () => {
    const zeros = tensor('FP32', [1, 4], '[0,0,0,0]');
    expect(dataOf(await query('plus-one', zeros))).toBe('[1,2,3,4]');
    expect(dataOf(await query('plus-ten', zeros))).toBe('[10,20,30,40]');
  });

  it('two inputs are told apart', async () => {
    const answer = await query(
      'two-inputs',
      tensor('FP32', [1, 2], '[5,7]', 'a'),
      tensor('FP32', [1, 2], '[1,10]', 'b'),
    );
    expect(dataOf(answer)).toBe('[4,-3]');
  });

  it('a batch size in a config that is not read is warned of, and both serve: triton-inference-server/server#2387', async () => {
    expect(server.output()).toMatch(/fixed-one.config\.pbtxt is not read/);
    const { inputs } = JSON.parse((await get(server.port, '/v2/models/fixed-one')).text);
    const [{ name, datatype, shape }] = inputs;
    const count = shape.reduce((product: number, size: number) => product * size, 1);
    expect((await query('fixed-one', tensor(datatype, shape, JSON.stringify(Array(count).fill(1)), name))).status).toBe(
      200,
    );
    expect(dataOf(await query('any-length', tensor('FP32', [1, 2], '[1,2]')))).toBe('[2,4]');
  });

  it('a model that loses its batch answers many as it answers one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => query('loses-batch', tensor('FP32', [1, 2], `[${2 * n + 1},${2 * n + 2}]`))),
    );
    expect(answers.map(dataOf)).toEqual(Array.from({ length: 20 }, (_, n) => `[${2 * n + 1},${2 * n + 2}]`));
  });
});
