import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel } from '../../packages/onnxruntime/src/testing/models.js';
import { get, inferBinary, post } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { inOneHost, type ModelTree, plantTree } from '../support/model-tree.js';
import { protocolModels } from './models.js';

/** Celsius in, Fahrenheit out: `y = x`, the rest in own code. Colder than can be is the client's mistake. */
const CELSIUS = `
import { defineModel, InvalidInput } from 'jitney';
import * as z from 'zod';
export default defineModel({
  model: './model.onnx',
  description: 'Celsius to Fahrenheit.',
  input: z.object({ celsius: z.number() }),
  output: z.object({ fahrenheit: z.number() }),
  example: { celsius: 20 },
  preprocess({ celsius }) {
    if (celsius < -273.15) throw new InvalidInput('nothing is colder than -273.15');
    return { x: [celsius, 0, 0] };
  },
  postprocess: ({ y }) => ({ fahrenheit: Number(y.data[0]) * 1.8 + 32 }),
});
`;

/** Does wrong whatever its input names. */
const FAULTY = `
import { defineModel } from 'jitney';
import * as z from 'zod';
export default defineModel({
  model: './model.onnx',
  input: z.object({ fault: z.string() }),
  output: z.object({ text: z.string() }),
  preprocess({ fault }) {
    switch (fault) {
      case 'preprocess throws': throw new Error('the dog ate it');
      case 'preprocess throws a text': throw 'no error at all';
      case 'preprocess throws null': throw null;
      case 'preprocess rejects': return Promise.reject(new Error('later, too'));
      case 'preprocess returns nothing': return undefined;
      case 'preprocess returns null': return null;
      case 'an input is missing': return {};
      case 'an input is unknown': return { x: [1, 2, 3], z: [1] };
      case 'an input is too short': return { x: [1, 2] };
      case 'an input has the wrong shape': return { x: { shape: [1, 4], data: [1, 2, 3, 4] } };
      case 'an input has the wrong dtype': return { x: ['a', 'b', 'c'] };
      default: return { x: [1, 2, 3] };
    }
  },
  postprocess(_outputs, { input: { fault } }) {
    switch (fault) {
      case 'postprocess throws': throw new TypeError('undefined is not a function');
      case 'postprocess returns nothing': return undefined;
      case 'postprocess returns a number': return 5;
      case 'postprocess forgets a member': return {};
      case 'postprocess returns NaN': return { text: NaN };
      default: return { text: 'fine' };
    }
  },
});
`;

/** Gives back what it is told, unchecked. */
const ECHO = `
import { defineModel } from 'jitney';
import * as z from 'zod';
export default defineModel({
  model: './model.onnx',
  input: z.any(),
  output: z.any(),
  preprocess: () => ({ x: [0, 0, 0] }),
  postprocess(_outputs, { input, parameters, requestId }) {
    switch (input) {
      case 'not finite': return { score: NaN, scores: [1, Infinity, new Float32Array([-Infinity, 2])], text: 'NaN' };
      case 'a bare NaN': return NaN;
      case 'bigints': return { small: 5n, large: 9007199254740993n };
      case 'a typed array': return { y: new Float32Array([1.5, 2]) };
      case 'a circle': { const circle = {}; circle.self = circle; return circle; }
      default: return { input, parameters, requestId };
    }
  },
});
`;

const script = (name: string, text: string) => ({
  [`${name}/model.ts`]: text,
  [`${name}/model.onnx`]: identityModel('FP32'),
  [`${name}/model.json`]: JSON.stringify({ host: 'scripts' }),
});

let tree: ModelTree;
let jitney: RunningJitney;
beforeAll(async () => {
  tree = await plantTree({
    ...protocolModels(),
    ...script('celsius', CELSIUS),
    ...script('faulty', FAULTY),
    ...script('echo', ECHO),
  });
  jitney = await startJitney([tree.root, '--log-level', 'silent']);
});
afterAll(async () => {
  await jitney.stop();
  await tree.remove();
});

const predict = async (model: string, body: unknown, headers?: Record<string, string>) => {
  const answer = await post(jitney.port, `/predict/${model}`, body, headers);
  // Strict JSON: no bare NaN or Infinity, which JSON.parse would refuse.
  return { status: answer.status, json: JSON.parse(answer.text), headers: answer.headers };
};

describe('one input', () => {
  it('is answered with one answer', async () => {
    const { status, json, headers } = await predict('celsius', { inputs: { celsius: 100 } });
    expect([status, json]).toEqual([200, { fahrenheit: 212 }]);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('may name the version', async () => {
    expect((await predict('celsius/versions/1', { inputs: { celsius: 0 } })).json).toEqual({ fahrenheit: 32 });
    const { status, json } = await predict('celsius/versions/7', { inputs: { celsius: 0 } });
    expect([status, json.error.code]).toEqual([404, 'MODEL_NOT_FOUND']);
  });

  it('that does not fit the schema is a 400 that says where', async () => {
    const { status, json } = await predict('celsius', { inputs: { celsius: 'warm' } });
    expect(status).toBe(400);
    expect(json).toEqual({
      error: {
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/celsius: .*number/),
        requestId: expect.any(String),
      },
    });
  });

  it('that own code refuses with InvalidInput is a 400 in its words', async () => {
    const { status, json } = await predict('celsius', { inputs: { celsius: -300 } });
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: 'INVALID_ARGUMENT', message: 'nothing is colder than -273.15' });
  });

  it('reaches own code unchanged with its parameters and request id, however many ride together', async () => {
    const parameters = { id: '123', n: 5, b: true, deep: { list: [1, null, 'é😀'] } };
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, n) =>
        predict('echo', { inputs: { n }, parameters: { ...parameters, n } }, { 'x-request-id': `r-${n}` }),
      ),
    );
    for (const [n, { json, headers }] of answers.entries()) {
      expect(json).toEqual({ input: { n }, parameters: { ...parameters, n }, requestId: `r-${n}` });
      expect(headers['x-request-id']).toBe(`r-${n}`);
    }
  });
});

describe('a list of inputs', () => {
  it('is answered place by place', async () => {
    const inputs = Array.from({ length: 200 }, (_, celsius) => ({ celsius }));
    const { json } = await predict('celsius', { inputs });
    expect(json).toHaveLength(200);
    for (const [celsius, { fahrenheit }] of json.entries()) expect(fahrenheit).toBeCloseTo(celsius * 1.8 + 32, 3);
  });

  it('has its errors in their places, and the others’ answers in theirs', async () => {
    const inputs = [{ celsius: 0 }, { celsius: 'warm' }, { celsius: -300 }, { celsius: 100 }];
    const { status, json } = await predict('celsius', { inputs });
    expect(status).toBe(200);
    expect(json).toEqual([
      { fahrenheit: 32 },
      { error: { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/celsius/) } },
      { error: { code: 'INVALID_ARGUMENT', message: 'nothing is colder than -273.15' } },
      { fahrenheit: 212 },
    ]);
  });

  it('of which every one fails is an error that names the first', async () => {
    const { status, json } = await predict('celsius', { inputs: [{ celsius: 'warm' }, {}] });
    expect(status).toBe(400);
    expect(json.error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      item: 0,
      message: expect.stringMatching(/inputs\[0\]/),
    });
  });

  it('without any is a 400', async () => {
    expect((await predict('celsius', { inputs: [] })).status).toBe(400);
  });

  it('is one input where the schema takes a list', async () => {
    expect((await predict('echo', { inputs: [1, 2, 3] })).json.input).toEqual([1, 2, 3]);
  });

  it('of a thousand is answered, of a hundred thousand refused before anything runs', async () => {
    const inputs = (count: number) => Array.from({ length: count }, () => ({ celsius: 1 }));
    expect((await predict('celsius', { inputs: inputs(1_000) })).json).toHaveLength(1_000);
    const { status, json } = await predict('celsius', { inputs: inputs(100_000) });
    expect([status, json.error.code]).toEqual([413, 'TOO_LARGE']);
    expect(json.error.message).toMatch(/100000/);
  });
});

describe('a model without own code', () => {
  it.each<[string, unknown, unknown]>([
    ['fp32', { x: [[1.5, -2, 0.1]] }, { y: [[1.5, -2, 0.10000000149011612]] }],
    [
      'fp32',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      {
        y: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    ],
    ['fp32', [1, 2, 3], { y: [[1, 2, 3]] }],
    ['two', { a: [[1, 2]], b: [[3, 4]] }, { sum: [[4, 6]] }],
    ['bytes', { x: [['a', '', 'é😀']] }, { y: [['a', '', 'é😀']] }],
    ['bool', { x: [[true, false, true]] }, { y: [[1, 0, 1]] }],
    ['int64', { x: [[1, -2, 9007199254740991]] }, { y: [[1, -2, 9007199254740991]] }],
    ['fp16', { x: [[1.5, -2, 0.1]] }, { y: [[1.5, -2, 0.0999755859375]] }],
  ])('%s takes and gives nested arrays by name', async (model, inputs, outputs) => {
    const { status, json } = await predict(model, { inputs });
    expect([status, json]).toEqual([200, { outputs }]);
  });

  it.each<[string, unknown, RegExp]>([
    ['fp32', { z: [[1, 2, 3]] }, /'z'.*x/],
    ['fp32', {}, /'x'/],
    ['fp32', { x: [[1, 2]] }, /'x'/],
    [
      'fp32',
      {
        x: [
          [1, 2, 3],
          [4, 5],
        ],
      },
      /'x'.*ragged/,
    ],
    ['fp32', { x: [['a', 2, 3]] }, /'x'.*element 0/],
    ['fp32', null, /x/],
    ['int64', { x: [[1.5, 2, 3]] }, /'x'.*1\.5/],
    ['bytes', { x: [[1, 2, 3]] }, /'x'/],
    ['two', [[1, 2]], /'a', 'b'/],
    [
      'two',
      {
        a: [[1, 2]],
        b: [
          [1, 2],
          [3, 4],
        ],
      },
      /rows|b/,
    ],
  ])('%s refuses %j: 400 that names the input', async (model, inputs, why) => {
    const { status, json } = await predict(model, { inputs });
    expect([status, json.error.code]).toEqual([400, 'INVALID_ARGUMENT']);
    expect(json.error.message).toMatch(why);
  });
});

describe('numbers that JSON does not have', () => {
  const NON_FINITE = Buffer.from('0000c07f0000807f000080ff', 'hex');

  it('/v2 gives them bare in JSON, and bit for bit as raw tensors', async () => {
    const json = { inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } }] };
    const asJson = await inferBinary(jitney.port, 'fp32', json, NON_FINITE);
    expect(asJson.body.toString()).toContain('"data":[NaN,Infinity,-Infinity]');
    const asBytes = await inferBinary(
      jitney.port,
      'fp32',
      { ...json, parameters: { binary_data_output: true } },
      NON_FINITE,
    );
    expect(asBytes.body.subarray(-12).toString('hex')).toBe('0000c07f0000807f000080ff');
  });

  it('/predict gives null for each, and names it', async () => {
    const { status, json } = await predict('fp32', {
      inputs: {
        x: [
          [null, 1e39, -1e39],
          [1, 2, 3],
        ],
      },
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      outputs: {
        y: [
          [null, null, null],
          [1, 2, 3],
        ],
      },
      nonFinite: [
        { output: 'y', element: 0, value: 'NaN' },
        { output: 'y', element: 1, value: 'Infinity' },
        { output: 'y', element: 2, value: '-Infinity' },
      ],
    });
  });

  it('own code’s are null, and named by their place', async () => {
    const { status, json } = await predict('echo', { inputs: 'not finite' });
    expect(status).toBe(200);
    expect(json).toEqual({
      score: null,
      scores: [1, null, [null, 2]],
      text: 'NaN',
      nonFinite: [
        { at: 'score', value: 'NaN' },
        { at: 'scores.1', value: 'Infinity' },
        { at: 'scores.2.0', value: '-Infinity' },
      ],
    });
    expect((await predict('echo', { inputs: 'a bare NaN' })).json).toBeNull();
  });

  it('integers beyond 2^53 are texts, typed arrays are arrays', async () => {
    expect((await predict('echo', { inputs: 'bigints' })).json).toEqual({ small: 5, large: '9007199254740993' });
    expect((await predict('echo', { inputs: 'a typed array' })).json).toEqual({ y: [1.5, 2] });
  });
});

describe('own code that does wrong', () => {
  it.each([
    ['preprocess throws', /preprocess.*the dog ate it/],
    ['preprocess throws a text', /preprocess.*no error at all/],
    ['preprocess throws null', /preprocess.*null/],
    ['preprocess rejects', /preprocess.*later, too/],
    ['preprocess returns nothing', /preprocess/],
    ['preprocess returns null', /preprocess/],
    ['an input is missing', /preprocess.*'x'/],
    ['an input is unknown', /preprocess.*'z'/],
    ['an input is too short', /preprocess.*'x'.*3/],
    ['an input has the wrong shape', /'x'.*\[1,4\]/],
    ['an input has the wrong dtype', /preprocess.*'x'/],
    ['postprocess throws', /postprocess.*undefined is not a function/],
    ['postprocess returns nothing', /postprocess.*'output' does not allow/],
    ['postprocess returns a number', /postprocess.*'output' does not allow/],
    ['postprocess forgets a member', /postprocess.*'output' does not allow.*text/],
    ['postprocess returns NaN', /postprocess.*'output' does not allow.*text/],
  ])('%s: 500 that says which function and why, for that request alone', async (fault, why) => {
    const [wrong, ...fine] = await Promise.all(
      [fault, 'none', 'none', 'none'].map((one) => predict('faulty', { inputs: { fault: one } })),
    );
    expect(wrong?.status).toBe(500);
    expect(wrong?.json.error.code).toBe('USER_CODE_ERROR');
    expect(wrong?.json.error.message).toMatch(why);
    expect(fine.map(({ json }) => json)).toEqual([{ text: 'fine' }, { text: 'fine' }, { text: 'fine' }]);
  });

  it('an answer that JSON cannot hold: 500 that says so', async () => {
    const { status, json } = await predict('echo', { inputs: 'a circle' });
    expect([status, json.error.code]).toEqual([500, 'USER_CODE_ERROR']);
  });

  it('ends no process', async () => {
    expect(await jitney.processes('jitney host scripts')).toHaveLength(0);
    expect((await get(jitney.port, '/readyz')).status).toBe(200);
  });
});

describe('the body', () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /JSON/],
    ['no JSON', 'hello', /JSON/],
    ['a list', '[1]', /"inputs"/],
    ['a text', '"inputs"', /"inputs"/],
    ['null', 'null', /"inputs"/],
    ['no inputs', '{"input":1}', /"inputs"/],
    ['bare NaN', '{"inputs":{"celsius":NaN}}', /JSON/],
    ['parameters that are a list', '{"inputs":{"celsius":1},"parameters":[]}', /'parameters'/],
    ['UTF-8 that is none', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), /UTF-8/],
  ])('%s: 400 that says what it must be', async (_what, body, why) => {
    const { status, json } = await predict('celsius', body);
    expect([status, json.error.code]).toEqual([400, 'INVALID_ARGUMENT']);
    expect(json.error.message).toMatch(why);
  });

  it('10 000 levels deep: 400 that names the limit', async () => {
    for (const model of ['echo', 'celsius', 'fp32']) {
      const body = `{"inputs":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
      const { status, json } = await predict(model, body);
      expect([status, json.error.code]).toEqual([400, 'INVALID_ARGUMENT']);
      expect(json.error.message).toMatch(/64|deep/);
    }
  });

  it('brackets in a string are no levels', async () => {
    const text = '[{"'.repeat(5_000);
    expect((await predict('echo', { inputs: text })).json.input).toBe(text);
  });

  it('__proto__ is a member like any other, and reaches nobody else', async () => {
    const { status, json } = await predict('echo', '{"inputs":{"__proto__":{"admin":true}},"__proto__":{"inputs":1}}');
    expect(status).toBe(200);
    expect(Object.getOwnPropertyDescriptor(json.input, '__proto__')?.value).toEqual({ admin: true });
    expect((await predict('echo', { inputs: {} })).json.input.admin).toBeUndefined();
  });

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/vnd.api+json', ''])(
    'of type %j is JSON',
    async (type) => {
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
      const { status } = await predict('celsius', { inputs: { celsius: 1 } }, headers);
      expect(status).toBe(200);
    },
  );

  it('of type text is a text, of any other type it is bytes', async () => {
    const text = await post(jitney.port, '/predict/echo', 'good day', { 'content-type': 'text/plain' });
    expect(JSON.parse(text.text).input).toBe('good day');
    const bytes = await post(jitney.port, '/predict/echo', Buffer.of(1, 2, 255), { 'content-type': 'image/png' });
    expect(JSON.parse(bytes.text).input).toEqual([1, 2, 255]);
  });

  it('of the wrong type for the model is a 400', async () => {
    for (const type of ['image/png', 'text/plain', 'application/octet-stream', '; charset', 'a/b/c']) {
      const { status } = await predict('celsius', 'PNG', { 'content-type': type });
      expect([type, status]).toEqual([type, 400]);
    }
  });
});

describe('a compressed body', () => {
  it('is taken as the plain one, and large answers are compressed as asked', async () => {
    const inputs = Array.from({ length: 500 }, (_, celsius) => ({ celsius }));
    const plain = await post(jitney.port, '/predict/celsius', { inputs });
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', 'accept-encoding': 'gzip' };
    const answer = await post(jitney.port, '/predict/celsius', gzipSync(JSON.stringify({ inputs })), headers);
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(answer.body).toString()).toBe(plain.text);
  });
});

describe('/predict that names no model', () => {
  it('is a 400 that lists them, where several are served', async () => {
    const { status, json } = await predict('', { inputs: 1 }).catch(() => ({ status: 0, json: null }));
    const answer = await post(jitney.port, '/predict', { inputs: 1 });
    expect(status).toBe(404);
    expect(json.error.message).toBe('Not Found');
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).error.message).toMatch(/celsius.*fp32|fp32.*celsius/);
  });

  it('means the one model that is served', async () => {
    const alone = await plantTree(inOneHost({ only: identityModel('FP32') }));
    const server = await startJitney([alone.root]);
    try {
      const { text } = await post(server.port, '/predict', { inputs: [1, 2, 3] });
      expect(JSON.parse(text)).toEqual({ outputs: { y: [[1, 2, 3]] } });
    } finally {
      await server.stop();
      await alone.remove();
    }
  });
});

describe('X-Request-Timeout-Ms', () => {
  it('that is over before the run is a 503', async () => {
    const { status, json } = await predict('celsius', { inputs: { celsius: 1 } }, { 'x-request-timeout-ms': '0.001' });
    expect([status, json.error.code]).toEqual([503, 'DEADLINE_EXCEEDED']);
  });

  it.each(['0', '-5', 'soon', 'Infinity'])('%s: 400', async (timeout) => {
    const { status, json } = await predict('celsius', { inputs: { celsius: 1 } }, { 'x-request-timeout-ms': timeout });
    expect(status).toBe(400);
    expect(json.error.message).toContain('X-Request-Timeout-Ms');
  });
});
