import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { infer, inferBinary } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { type ModelTree, plantTree } from '../support/model-tree.js';
import { openRaw } from '../support/raw-connection.js';
import { protocolModels } from './models.js';

/* What a client gets wrong is a 400 that names the tensor, and the next request on the connection is answered. */

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

const input = (members: object) => ({
  inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3], ...members }],
});

const refusal = async (model: string, body: unknown) => {
  const { status, text, headers } = await infer(jitney.port, model, body);
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  const parsed = JSON.parse(text);
  expect(Object.keys(parsed)).toEqual(['error']);
  return { status, error: parsed.error as string };
};

describe('tensors that do not fit the model', () => {
  it.each<[string, string, unknown, RegExp]>([
    [
      'another dtype',
      'fp32',
      input({ datatype: 'FP64' }),
      /input 'x' data-type is 'FP64', but model 'fp32' expects 'FP32'/,
    ],
    ['an unknown dtype', 'fp32', input({ datatype: 'FLOAT' }), /FLOAT/],
    [
      'a shape of another rank',
      'fp32',
      input({ shape: [3] }),
      /unexpected shape for input 'x' for model 'fp32'. Expected \[-1,3\], got \[3\]/,
    ],
    [
      'a shape that is too wide',
      'fp32',
      input({ shape: [1, 4], data: [1, 2, 3, 4] }),
      /Expected \[-1,3\], got \[1,4\]/,
    ],
    ['an unknown name', 'fp32', input({ name: 'z' }), /unexpected inference input 'z' for model 'fp32'/],
    ['no inputs', 'fp32', { inputs: [] }, /expected 1 inputs but got 0 inputs for model 'fp32'/],
    [
      'a missing input',
      'two',
      { inputs: [{ name: 'a', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] },
      /expected 2 inputs but got 1 inputs for model 'two'\. Got input\(s\) \['a'\], but missing required input\(s\) \['b'\]/,
    ],
    [
      'an input more',
      'two',
      { inputs: ['a', 'b', 'c'].map((name) => ({ name, shape: [1, 2], datatype: 'FP32', data: [1, 2] })) },
      /'c' for model 'two'.*'a', 'b'/,
    ],
    [
      'an input twice',
      'two',
      { inputs: ['a', 'a'].map((name) => ({ name, shape: [1, 2], datatype: 'FP32', data: [1, 2] })) },
      /input 'a'.*twice/,
    ],
    [
      'rows that differ',
      'two',
      {
        inputs: [
          { name: 'a', shape: [1, 2], datatype: 'FP32', data: [1, 2] },
          { name: 'b', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 4] },
        ],
      },
      /input 'b' batch size does not match other inputs for 'two'/,
    ],
    [
      'an unknown output',
      'fp32',
      { ...input({}), outputs: [{ name: 'z' }] },
      /unexpected inference output 'z' for model 'fp32'/,
    ],
    [
      'an output twice',
      'fp32',
      { ...input({}), outputs: [{ name: 'y' }, { name: 'y' }] },
      /output 'y' already exists in request/,
    ],
  ])('%s', async (_what, model, body, why) => {
    expect(await refusal(model, body)).toEqual({ status: 400, error: expect.stringMatching(why) });
  });
});

describe('shapes and data that do not agree', () => {
  it.each<[string, string, unknown, RegExp]>([
    [
      'too few elements',
      'fp32',
      input({ data: [1, 2] }),
      /Shape does not match true shape of 'data' field.*\[1,3\].*'x'/,
    ],
    ['too many elements', 'fp32', input({ data: [1, 2, 3, 4] }), /Shape does not match true shape of 'data' field/],
    ['none at all', 'fp32', input({ data: [] }), /Shape does not match true shape of 'data' field/],
    ['a negative dimension', 'fp32', input({ shape: [-1, 3] }), /Unable to parse 'shape'.*non-unsigned-integer/],
    ['half a dimension', 'fp32', input({ shape: [1.5, 3] }), /Unable to parse 'shape'/],
    ['a dimension in words', 'fp32', input({ shape: ['1', 3] }), /shape/],
    ['a nested shape', 'fp32', input({ shape: [[1, 3]] }), /shape/],
    ['a shape that is none', 'fp32', input({ shape: 3 }), /shape/],
    [
      'a shape beyond 64 bits',
      'fp32',
      input({ shape: [4294967296, 4294967296], data: [] }),
      /total element count to exceed maximum size of/,
    ],
    [
      'a shape of more bytes than 64 bits',
      'fp32',
      input({ shape: [4294967296, 1073741824], data: [] }),
      /byte size overflow for input/,
    ],
    ['a text for FP32', 'fp32', input({ data: [1, 'two', 3] }), /element 1 of input 'x' is a string/],
    ['true for FP32', 'fp32', input({ data: [1, true, 3] }), /element 1 of input 'x' is true/],
    ['an object for FP32', 'fp32', input({ data: [1, {}, 3] }), /element 1 of input 'x' is an object/],
    ['a number for BOOL', 'bool', input({ datatype: 'BOOL', data: [true, 1, false] }), /element 1 of input 'x' is 1/],
    ['a number for BYTES', 'bytes', input({ datatype: 'BYTES', data: ['a', 1, 'b'] }), /element 1 of input 'x' is 1/],
    ['null for INT64', 'int64', input({ datatype: 'INT64', data: [1, null, 3] }), /element 1 of input 'x' is null/],
    ['null for BYTES', 'bytes', input({ datatype: 'BYTES', data: ['a', null, 'b'] }), /element 1 of input 'x' is null/],
    ['1.5 for INT64', 'int64', input({ datatype: 'INT64', data: [1, 1.5, 3] }), /element 1 of input 'x' is 1\.5/],
    ['256 for UINT8', 'uint8', input({ datatype: 'UINT8', data: [1, 256, 3] }), /element 1 of input 'x' is 256/],
    ['-1 for UINT8', 'uint8', input({ datatype: 'UINT8', data: [1, -1, 3] }), /element 1 of input 'x' is -1/],
    [
      'NaN for INT32',
      'int32',
      '{"inputs":[{"name":"x","shape":[1,3],"datatype":"INT32","data":[1,NaN,3]}]}',
      /element 1 of input 'x' is NaN/,
    ],
    [
      '2^63 for INT64',
      'int64',
      '{"inputs":[{"name":"x","shape":[1,3],"datatype":"INT64","data":[1,9223372036854775808,3]}]}',
      /element 1 of input 'x' is 9223372036854775808/,
    ],
    [
      'strings fewer than the shape says',
      'bytes',
      input({ datatype: 'BYTES', shape: [59, 3], data: ['one'] }),
      /unexpected number of string elements 1 for inference input 'x' for model 'bytes', expecting 177/,
    ],
    [
      'half a surrogate pair',
      'bytes',
      '{"inputs":[{"name":"x","shape":[1,3],"datatype":"BYTES","data":["a","\\ud83d","b"]}]}',
      /surrogate/,
    ],
  ])('%s', async (_what, model, body, why) => {
    expect(await refusal(model, body)).toEqual({ status: 400, error: expect.stringMatching(why) });
  });
});

describe('more than any model needs', () => {
  it.each<[string, unknown, RegExp]>([
    ['a shape of 65 dimensions', input({ shape: Array(65).fill(1) }), /more than 64 dimensions/],
    ['300 inputs', { inputs: Array(300).fill(input({}).inputs[0]) }, /256/],
    ['a name of 2 KB', input({ name: 'x'.repeat(2_000) }), /at most 1024/],
  ])('%s: 413 that names the limit', async (_what, body, why) => {
    expect(await refusal('fp32', body)).toEqual({ status: 413, error: expect.stringMatching(why) });
  });
});

describe('a body that is no infer request', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['white space', ' \n '],
    ['a word', 'hello'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '5'],
    ['an open object', '{'],
    ['a comma too many', '{"inputs":[],}'],
    ['a comma too few', '{"inputs":[] "id":"a"}'],
    ['two documents', '{"inputs":[]} {}'],
    ['single quotes', "{'inputs':[]}"],
    ['a comment', '{"inputs":[] /* none */}'],
    ['a control character in a string', '{"id":"a\nb","inputs":[]}'],
    ['no inputs', '{}'],
    ['inputs that are an object', '{"inputs":{}}'],
    ['an input that is a list', '{"inputs":[[]]}'],
    ['an input without a name', '{"inputs":[{"shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}'],
    ['an input without a shape', '{"inputs":[{"name":"x","datatype":"FP32","data":[1,2,3]}]}'],
    ['an input without a datatype', '{"inputs":[{"name":"x","shape":[1,3],"data":[1,2,3]}]}'],
    ['an input without data', '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32"}]}'],
    ['an id that is a number', '{"id":5,"inputs":[]}'],
    ['parameters that are a list', '{"parameters":[],"inputs":[]}'],
    ['outputs that are an object', '{"outputs":{},"inputs":[]}'],
    ['inputs twice', '{"inputs":[],"inputs":[]}'],
    ['data twice', '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3],"data":[4,5,6]}]}'],
    ['binary_data that is a text', '{"inputs":[],"outputs":[{"name":"y","parameters":{"binary_data":"yes"}}]}'],
    ['a number that is none', '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,01,3]}]}'],
    ['a byte order mark', '\ufeff{"inputs":[]}'],
  ])('%s', async (_what, body) => {
    const { status, error } = await refusal('fp32', body);
    expect(status).toBe(400);
    expect(error.length).toBeGreaterThan(10);
  });

  it('10 000 levels deep: 400 that names the limit', async () => {
    for (const body of ['['.repeat(10_000), `{"extra":${'[{"a":'.repeat(10_000)}`]) {
      const { status, error } = await refusal('fp32', body);
      expect(status).toBe(400);
      expect(error).toMatch(/100|expected/);
    }
  });

  it('UTF-8 that is none: 400', async () => {
    const body = Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xc3, 0x28), Buffer.from('","inputs":[]}')]);
    const { status, error } = await refusal('fp32', body);
    expect([status, error]).toEqual([400, expect.stringContaining('UTF-8')]);
  });

  it('__proto__, constructor and toString are names like any other', async () => {
    const polluting =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},' +
      '"parameters":{"__proto__":"a","toString":"b"},' +
      '"inputs":[{"__proto__":{},"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}';
    const { status } = await infer(jitney.port, 'fp32', polluting);
    expect(status).toBe(200);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const { status, error } = await refusal('fp32', input({ name }));
      expect([status, error]).toEqual([400, expect.stringContaining(`'${name}'`)]);
      expect((await refusal(name, input({}))).status).toBe(404);
    }
  });
});

describe('a binary body that does not add up', () => {
  const sized = (size: unknown, members: object = {}) => ({
    inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: size }, ...members }],
  });
  const floats = (count: number) => Buffer.from(new Float32Array(count).buffer);

  it.each<[string, unknown, Buffer, RegExp]>([
    [
      'fewer bytes than announced',
      sized(12),
      floats(2),
      /unexpected size for input 'x', expecting 4 additional bytes for model 'fp32'/,
    ],
    ['more bytes than announced', sized(12), floats(4), /unexpected additional input data for model 'fp32'/],
    [
      'a size that the shape contradicts',
      sized(16),
      floats(4),
      /input byte size mismatch for input 'x' for model 'fp32'. Expected 12, got 16/,
    ],
    ['a negative size', sized(-1), floats(3), /binary_data_size/],
    ['a size in words', sized('12'), floats(3), /binary_data_size/],
    ['a size beyond every limit', sized(2 ** 40), floats(3), /size/],
    ['data as well', sized(12, { data: [1, 2, 3] }), floats(3), /Input must set only one of the following fields/],
    ['neither data nor a size', sized(undefined), floats(0), /Input must set only one of the following fields/],
    ['a negative dimension', sized(12, { shape: [-1, 3] }), floats(3), /Unable to parse 'shape'/],
    [
      'shared memory',
      sized(undefined, { parameters: { shared_memory_region: 'r', shared_memory_byte_size: 12 } }),
      floats(0),
      /shared memory/,
    ],
  ])('%s', async (_what, json, blob, why) => {
    const { status, body } = await inferBinary(jitney.port, 'fp32', json, blob);
    expect(status).toBe(/beyond/.test(_what) ? 413 : /shared/.test(_what) ? 501 : 400);
    expect(JSON.parse(body.toString()).error).toMatch(why);
  });

  it.each<[string, string, RegExp]>([
    [
      'a length that is cut off',
      '00000000 00000000 0000',
      /incomplete string length indicator for inference input 'x' for model 'bytes'/,
    ],
    [
      'a string that is cut off',
      '00000000 00000000 0a000000 6162',
      /incomplete string data for inference input 'x' for model 'bytes'/,
    ],
    ['a length of 4 GB', '00000000 00000000 ffffffff 6162', /incomplete string data/],
    [
      'fewer strings than the shape says',
      '01000000 61',
      /expected 3 string elements for inference input 'x' for model 'bytes', got 1/,
    ],
    ['more strings than the shape says', '00000000 00000000 00000000 00000000', /expected 3 string elements/],
  ])('BYTES with %s', async (_what, hex, why) => {
    const blob = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const json = sized(blob.length, { datatype: 'BYTES' });
    const { status, body } = await inferBinary(jitney.port, 'bytes', json, blob);
    expect([status, JSON.parse(body.toString()).error]).toEqual([400, expect.stringMatching(why)]);
  });

  it('BOOL that is neither 0 nor 1', async () => {
    const { status, body } = await inferBinary(jitney.port, 'bool', sized(3, { datatype: 'BOOL' }), Buffer.of(0, 2, 1));
    expect([status, JSON.parse(body.toString()).error]).toEqual([
      400,
      expect.stringContaining("element 1 of BOOL input 'x'"),
    ]);
  });

  it.each(['-1', '99999999', '2147483648', '1e3', 'five', '0x10', ' '])(
    'Inference-Header-Content-Length: %s',
    async (length) => {
      const connection = await openRaw(jitney.port);
      const head = `POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nInference-Header-Content-Length: ${length}\r\n`;
      connection.write(`${head}Content-Length: 2\r\n\r\n{}`);
      const { status, body } = await connection.answer();
      connection.close();
      expect(status).toBe('HTTP/1.1 400 Bad Request');
      expect(JSON.parse(body.toString()).error).toContain('Inference-Header-Content-Length');
    },
  );

  it('a JSON part longer than the chunked body', async () => {
    const connection = await openRaw(jitney.port);
    const head = 'POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nInference-Header-Content-Length: 99\r\n';
    connection.write(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`);
    const { status } = await connection.answer();
    connection.close();
    expect(status).toBe('HTTP/1.1 400 Bad Request');
  });
});

describe('after all of it', () => {
  it('a connection that had a refusal answers the next request', async () => {
    const bad = '{"inputs":[{"name":"x","shape":[-1,3],"datatype":"FP32","data":[1,2,3]}]}';
    const good = '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}';
    const connection = await openRaw(jitney.port);
    for (const [body, status] of [
      [bad, 'HTTP/1.1 400 Bad Request'],
      [good, 'HTTP/1.1 200 OK'],
      ['{', 'HTTP/1.1 400 Bad Request'],
      [good, 'HTTP/1.1 200 OK'],
    ] as const) {
      connection.write(
        `POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      expect((await connection.answer()).status).toBe(status);
    }
    connection.close();
  });
});
