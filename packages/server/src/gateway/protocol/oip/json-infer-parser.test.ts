import { type Dtype, JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonInferParser } from './json-infer-parser.js';
import { DEFAULT_INFER_LIMITS, type InferLimits } from './limits.js';
import type { ParsedInfer } from './request/parsed-infer.js';

interface Options {
  readonly cuts?: readonly number[];
  readonly limits?: Partial<InferLimits>;
  readonly model?: Readonly<Record<string, Dtype>>;
}

function feed(text: string, { cuts = [2 ** 30], limits = {}, model = {} }: Options = {}): JsonInferParser {
  const parser = new JsonInferParser({
    model: 'm',
    limits: { ...DEFAULT_INFER_LIMITS, ...limits },
    dtypeOf: (input) => (Object.hasOwn(model, input) ? (model[input] as Dtype) : null),
  });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const next = at + (cuts[i % cuts.length] as number);
    parser.write(bytes.slice(at, next));
    at = next;
  }
  return parser;
}

function parse(text: string, options?: Options): ParsedInfer {
  return feed(text, options).end();
}

function refusal(text: string, options: Options = {}): JitneyError {
  const errors = [[1], [7], [2 ** 30]].map((cuts) => {
    try {
      parse(text, { ...options, cuts });
    } catch (error) {
      expect(error).toBeInstanceOf(JitneyError);
      return error as JitneyError;
    }
    return expect.unreachable('nothing was refused');
  });
  expect(new Set(errors.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
  return errors[0] as JitneyError;
}

function request(input: string): string {
  return `{"inputs":[${input}]}`;
}

/** The one input of a request. */
function parseInput(input: string, options?: Options): ParsedInfer['inputs'][number] {
  const [first] = parse(request(input), options).inputs;
  return first ?? expect.unreachable('no input');
}

const X = '"name":"x","shape":[3],"datatype":"FP32","data":[1,2,3]';

describe('a whole request', () => {
  const text = `{
    "id": "no. 7 é😀",
    "inputs": [
      {"name": "a", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4.5]]},
      {"name": "b", "shape": [1], "datatype": "BYTES", "data": ["é😀"], "parameters": {"content_type": "str"}},
      {"name": "c", "shape": [2], "datatype": "BOOL", "data": [true, false]}
    ],
    "outputs": [{"name": "y"}, {"name": "z", "parameters": {"binary_data": true}}],
    "parameters": {"timeout": 5000, "priority": 1, "flag": true, "ratio": 0.5, "key": "value", "binary_data_output": true}
  }`;

  it('is read alike however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (cuts) => {
        expect(parse(text, { cuts })).toEqual({
          id: 'no. 7 é😀',
          inputs: [
            {
              name: 'a',
              dtype: 'FP32',
              shape: [2, 2],
              source: { kind: 'data', data: new Float32Array([1, 2, 3, 4.5]) },
            },
            {
              name: 'b',
              dtype: 'BYTES',
              shape: [1],
              source: { kind: 'data', data: [Uint8Array.of(0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80)] },
            },
            { name: 'c', dtype: 'BOOL', shape: [2], source: { kind: 'data', data: Uint8Array.of(1, 0) } },
          ],
          outputs: [
            { name: 'y', binary: null },
            { name: 'z', binary: true },
          ],
          binaryOutputs: true,
          parameters: { timeout: 5000, priority: 1, flag: true, ratio: 0.5, key: 'value' },
        });
      }),
    );
  });

  it('needs nothing but inputs', () => {
    expect(parse(request(`{${X}}`))).toMatchObject({ id: null, outputs: null, binaryOutputs: false, parameters: {} });
    expect(parse('{"inputs":[],"outputs":[],"id":null,"parameters":null}')).toMatchObject({
      inputs: [],
      outputs: null,
      id: null,
    });
  });

  it('may hold members that nobody knows', () => {
    const more = '"more":{"a":[1,{"b":[null,true,"x"]}],"c":{}}';
    expect(parse(`{${more},"inputs":[{${more},${X}}],"outputs":[{${more},"name":"y"}]}`)).toMatchObject({
      inputs: [{ name: 'x' }],
      outputs: [{ name: 'y' }],
    });
  });
});

describe('the members of an input', () => {
  const members = ['"name":"x"', '"shape":[2,2]', '"datatype":"INT64"', '"data":[[1,9007199254740993],[-3,4]]'];
  const source = { kind: 'data', data: new BigInt64Array([1n, 9007199254740993n, -3n, 4n]) };

  it('may come in any order, whether the model is known or not', () => {
    const orders = fc.shuffledSubarray(members, { minLength: 4 });
    const models = fc.constantFrom<Options['model'][]>({}, { x: 'INT64' });
    fc.assert(
      fc.property(orders, models, fc.integer({ min: 1, max: 50 }), (order, model, cut) => {
        expect(parseInput(`{${order.join()}}`, { model: model ?? {}, cuts: [cut] })).toEqual({
          name: 'x',
          dtype: 'INT64',
          shape: [2, 2],
          source,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('data of any dtype may come before the name and the datatype', () => {
    const cases: readonly [string, string, unknown][] = [
      ['FP32', '[1.5,NaN]', new Float32Array([1.5, Number.NaN])],
      ['FP16', '[1.5,-2]', new Uint16Array([0x3e00, 0xc000])],
      ['BOOL', '[[true],[false]]', Uint8Array.of(1, 0)],
      ['BYTES', '["a]\\"\\\\","[{"]', [new TextEncoder().encode('a]"\\'), new TextEncoder().encode('[{')]],
    ];
    for (const [datatype, data, expected] of cases) {
      for (const cut of [1, 3, 1000]) {
        const input = parseInput(`{"data":${data},"shape":[2],"datatype":"${datatype}","name":"x"}`, { cuts: [cut] });
        expect(input.source).toEqual({ kind: 'data', data: expected });
      }
    }
  });

  it('data that waited is read in bounded steps', () => {
    const data = Array.from({ length: 50_000 }, (_, i) => i);
    const parser = feed(request(`{"data":[${data}],"datatype":"FP32","name":"x","shape":[50000]}`));
    let steps = 1;
    while (parser.step()) steps++;
    expect(steps).toBe(Math.ceil((data.join().length + 2) / 65536));
    expect(parser.end().inputs[0]?.source).toEqual({ kind: 'data', data: Float32Array.from(data) });
  });

  it('data that waited is checked as it is read', () => {
    expect(refusal(request('{"data":[1,:],"datatype":"FP32","name":"x","shape":[1]}')).message).toContain(
      "expected a number, found ':' at 22",
    );
    expect(refusal(request('{"data":[[1,2]},"datatype":"FP32","name":"x","shape":[2]}')).code).toBe('INVALID_ARGUMENT');
  });

  it('a datatype that is not what the model told while data was read is a mismatch', () => {
    const text = request('{"name":"x","data":[1],"datatype":"FP64","shape":[1]}');
    expect(refusal(text, { model: { x: 'FP32' } }).message).toBe(
      "inference input 'x' data-type is 'FP64', but model 'm' expects 'FP32'",
    );
  });

  it.each([
    ['name', '{"shape":[1],"datatype":"FP32","data":[1]}', "Unable to parse input 0: 'name' is missing"],
    ['datatype', '{"name":"x","shape":[1],"data":[1]}', "Unable to parse input 'x': 'datatype' is missing"],
    ['shape', '{"name":"x","datatype":"FP32","data":[1]}', "Unable to parse input 'x': 'shape' is missing"],
    [
      'shape, being null',
      '{"name":"x","shape":null}',
      "Unable to parse 'shape' of input 'x': expected an array of unsigned",
    ],
    ['all', '{}', "Unable to parse input 0: 'name' is missing"],
  ])('without %s it is refused', (_what, input, message) => {
    const error = refusal(request(input));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(message);
  });

  it.each(['name', 'shape', 'datatype', 'data', 'parameters'])('%s may come only once', (member) => {
    const values: Readonly<Record<string, string>> = {
      name: '"x"',
      shape: '[3]',
      datatype: '"FP32"',
      data: '[1,2,3]',
      parameters: '{}',
    };
    const text = request(`{${X},"parameters":{},"${member}":${values[member]}}`);
    expect(refusal(text)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `Unable to parse input 'x': '${member}' is there twice`,
    });
  });

  it('an unknown datatype is named', () => {
    expect(refusal(request('{"name":"x","datatype":"FLOAT"}')).message).toBe("invalid datatype 'FLOAT' for input 'x'");
  });
});

describe('where the elements are', () => {
  const binary = (size: string): string =>
    request(`{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":${size}}}`);

  it('may be behind the JSON part', () => {
    expect(parse(binary('4')).inputs[0]?.source).toEqual({ kind: 'binary' });
    expect(feed(binary('4')).endDocument()).toEqual([{ name: 'x', dtype: 'FP32', shape: [1], byteLength: 4 }]);
  });

  it.each([
    ['nowhere', '{"name":"x","shape":[1],"datatype":"FP32"}'],
    ['in data and behind', `{${X},"parameters":{"binary_data_size":12}}`],
    ['in data and shared memory', `{${X},"parameters":{"shared_memory_region":"r"}}`],
  ])('must be one place, not %s', (_where, input) => {
    const error = refusal(request(input));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain('Input must set only one of the following fields');
    expect(error.message).toContain("input 'x'");
  });

  it('cannot be shared memory', () => {
    const text = request('{"name":"x","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r"}}');
    expect(refusal(text).code).toBe('UNSUPPORTED');
  });

  it.each(['-1', '1.5', '"4"', 'true', '18446744073709551615'])('a binary size of %s is refused', (size) => {
    expect(refusal(binary(size))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(refusal(binary(size)).message).toContain("Unable to parse 'binary_data_size' of input 'x'");
  });

  it('a binary size above the limit is too large', () => {
    expect(refusal(binary('101'), { limits: { maxTensorBytes: 100 } }).code).toBe('TOO_LARGE');
  });
});

describe('shapes', () => {
  const shaped = (shape: string, data = '[1,2,3]'): string =>
    request(`{"name":"x","shape":${shape},"datatype":"FP32","data":${data}}`);

  it.each(['[-1,3]', '[1.0]', '[1e0]', '[-0]', '[3,-3]'])('%s is refused in the words Triton has for it', (shape) => {
    const error = refusal(shaped(shape));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(
      "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer",
    );
    expect(error.message).toContain("input 'x'");
  });

  it.each(['3', '"3"', '[[3]]', '[null]', '["3"]', '{}', '[true]'])('%s is refused', (shape) => {
    expect(refusal(shaped(shape)).message).toContain(
      "Unable to parse 'shape' of input 'x': expected an array of unsigned",
    );
  });

  it.each(['[4294967296,4294967296]', '[9223372036854775807]', '[9223372036854775808,0]', '[99999999999999999999999]'])(
    '%s has more elements than can be counted',
    (shape) => {
      const { code, message } = refusal(shaped(shape, '[]'));
      expect(code).toBe('INVALID_ARGUMENT');
      expect(message).toContain('causes total element count to exceed maximum size of 9223372036854775807');
    },
  );

  it('more bytes than can be counted overflow', () => {
    expect(refusal(shaped('[4611686018427387904]', '[]')).message).toContain('total element count');
    expect(refusal(shaped('[2147483648,2147483648]', '[]')).message).toContain("byte size overflow for input 'x'");
  });

  it.each([
    ['[3]', '[1,2]', 'has 3 elements, its data 2'],
    ['[3]', '[1,2,3,4]', 'has 3 elements, its data more than 3'],
    ['[3]', '[]', 'has 3 elements, its data 0'],
    ['[]', '[1,2]', 'has 1 elements, its data more than 1'],
    ['[0,3]', '[1]', 'has 0 elements, its data more than 0'],
    ['[1000000000]', '[1]', 'has 1000000000 elements, its data 1'],
  ])('%s does not fit %s', (shape, data, counts) => {
    const { code, message } = refusal(shaped(shape, data));
    expect(code).toBe('UNPARSABLE');
    expect(message).toContain("Unable to parse 'data': Shape does not match true shape of 'data' field");
    expect(message).toContain(`shape ${shape} of input 'x' ${counts}`);
  });

  it('one that comes after the data is compared with what was there', () => {
    const text = request('{"name":"x","datatype":"FP32","data":[1,2,3,4],"shape":[3]}');
    expect(refusal(text).message).toContain('has 3 elements, its data 4');
  });

  it('59 strings announced and one found is said so, and no server error', () => {
    const text = request(`{"name":"x","shape":[59],"datatype":"BYTES","data":["${'a'.repeat(59)}"]}`);
    expect(refusal(text)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message:
        "unexpected number of string elements 1 for inference input 'x' for model 'm', expecting 59 (shape [59])",
    });
  });

  it('a scalar has one element, and a dimension of 0 none', () => {
    expect(parse(shaped('[]', '[7]')).inputs[0]?.source).toEqual({ kind: 'data', data: new Float32Array([7]) });
    expect(parse(shaped('[0,3]', '[]')).inputs[0]?.source).toEqual({ kind: 'data', data: new Float32Array(0) });
    expect(parse(shaped('[0]', '[[],[[]]]')).inputs[0]?.source).toEqual({ kind: 'data', data: new Float32Array(0) });
  });

  it('any nesting will do as long as the count is right', () => {
    expect(parse(shaped('[1]', `${'['.repeat(50)}5${']'.repeat(50)}`)).inputs[0]?.source).toEqual({
      kind: 'data',
      data: new Float32Array([5]),
    });
    const strings = `{"name":"x","shape":[1],"datatype":"BYTES","data":${'['.repeat(100)}"a"${']'.repeat(100)}}`;
    expect(parse(request(strings)).inputs[0]?.source).toEqual({ kind: 'data', data: [Uint8Array.of(97)] });
  });

  it('deeper than 100 is refused', () => {
    expect(refusal(shaped('[1]', `${'['.repeat(101)}5${']'.repeat(101)}`)).message).toContain('limit of 100');
  });
});

describe('elements that are no numbers', () => {
  const elements = (datatype: string, data: string): string =>
    request(`{"name":"x","shape":[2],"datatype":"${datatype}","data":${data}}`);

  it.each([
    ['BOOL', '[true,1]', "element 1 of input 'x' is 1, expected true or false"],
    ['BOOL', '[true,null]', "element 1 of input 'x' is null, expected true or false"],
    ['BOOL', '["true"]', "element 0 of input 'x' is a string, expected true or false"],
    ['BYTES', '["a",1]', "element 1 of input 'x' is 1, expected a string"],
    ['BYTES', '["a",null]', "element 1 of input 'x' is null, expected a string"],
    ['BYTES', '["a",{"b64":"AA=="}]', "element 1 of input 'x' is an object, expected a string"],
    ['FP32', '[1,true]', "element 1 of input 'x' is true, expected a number"],
    ['FP32', '[1,"2"]', "element 1 of input 'x' is a string, expected a number"],
    ['INT64', '[1,null]', "element 1 of input 'x' is null, expected an integer"],
  ])('%s %s', (datatype, data, message) => {
    const error = refusal(elements(datatype, data));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(message);
  });

  it.each(['BOOL', 'BYTES', 'FP32'])('%s data that is no array is refused', (datatype) => {
    for (const data of ['1', '"a"', 'null', '{}', 'true']) {
      expect(refusal(elements(datatype, data)).code).toBe('INVALID_ARGUMENT');
    }
  });

  it('a string that is no text is refused, naming input and element', () => {
    const text = elements('BYTES', '["a","\\ud800"]');
    expect(refusal(text)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: "element 1 of input 'x' holds half a surrogate pair, \\ud800",
    });
  });

  it('strings keep zero bytes, quotes, emoji and line separators', () => {
    const data = '["","he\\u0000llo","a\\"b\\\\c","é😀","\\n\\t","\\u2028"]';
    const input = parseInput(`{"name":"x","shape":[2,3],"datatype":"BYTES","data":${data}}`, { cuts: [1] });
    const texts = ['', 'he\0llo', 'a"b\\c', 'é😀', '\n\t', '\u2028'].map((text) => new TextEncoder().encode(text));
    expect(input.source).toEqual({ kind: 'data', data: texts });
  });
});

describe('outputs and parameters', () => {
  const withOutputs = (outputs: string): string => `{"inputs":[],"outputs":${outputs}}`;

  it('the same output twice is refused', () => {
    expect(refusal(withOutputs('[{"name":"y"},{"name":"y"}]'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: "output 'y' already exists in request",
    });
  });

  it('classification and shared memory are not supported, and say so', () => {
    expect(refusal(withOutputs('[{"name":"y","parameters":{"classification":3}}]'))).toMatchObject({
      code: 'UNSUPPORTED',
      message: "output 'y': the classification extension is not supported",
    });
    expect(refusal(withOutputs('[{"name":"y","parameters":{"shared_memory_region":"r"}}]')).code).toBe('UNSUPPORTED');
  });

  it.each(['1', '"true"'])('binary_data must be true or false, not %s', (value) => {
    expect(refusal(withOutputs(`[{"name":"y","parameters":{"binary_data":${value}}}]`)).message).toContain(
      "Unable to parse 'binary_data' of output 'y': expected true or false",
    );
    expect(refusal(`{"inputs":[],"parameters":{"binary_data_output":${value}}}`).message).toContain(
      "Unable to parse 'binary_data_output': expected true or false",
    );
  });

  it('integers of 64 bits are exact', () => {
    const { parameters } = parse(
      '{"inputs":[],"parameters":{"a":9007199254740993,"b":-9223372036854775808,"c":18446744073709551615,"d":7,"e":1e3,"f":99999999999999999999}}',
    );
    expect(parameters).toEqual({
      a: 9007199254740993n,
      b: -9223372036854775808n,
      c: 18446744073709551615n,
      d: 7,
      e: 1000,
      f: 1e20,
    });
  });

  it.each(['null', '[1]', '{"b":1}'])('a parameter that is %s is refused', (value) => {
    const error = refusal(`{"inputs":[],"parameters":{"a":${value}}}`);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain("parameter 'a' has invalid type");
    expect(error.message).toContain("It should be either 'int', 'bool', or 'string'");
  });

  it('a parameter may have any name, once', () => {
    const { parameters } = parse('{"inputs":[],"parameters":{"__proto__":1,"constructor":2}}');
    expect(Object.entries(parameters)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(refusal('{"inputs":[],"parameters":{"__proto__":1,"__proto__":2}}').message).toContain('is there twice');
  });
});

describe('a request that is none', () => {
  it.each([
    ['[]', 'Unable to parse the request: expected an object, got an array'],
    ['7', 'Unable to parse the request: expected an object, got 7'],
    ['{}', "Unable to parse 'inputs': the request has no 'inputs'"],
    ['{"inputs":{}}', "Unable to parse 'inputs': expected an array of objects, got an object"],
    ['{"inputs":[7]}', 'Unable to parse input 0: expected an object, got 7'],
    ['{"inputs":[null]}', 'Unable to parse input 0: expected an object, got null'],
    ['{"inputs":[],"inputs":[]}', "Unable to parse the request: 'inputs' is there twice"],
    ['{"inputs":[],"id":7}', "Unable to parse 'id': expected a string, got 7"],
    ['{"inputs":[],"outputs":[{}]}', "Unable to parse output 0: 'name' is missing"],
    ['{"inputs":[],"outputs":["y"]}', 'Unable to parse output 0: expected an object, got a string'],
    ['', 'the document ends too early at 0'],
    ['{"inputs":[', 'the document ends too early at 11'],
    ['{"inputs":[]}}', "expected the end of the document, found '}' at 13"],
    ['\u0000', 'expected a value, found byte 0x00 at 0'],
  ])('%j', (text, message) => {
    const error = refusal(text);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(message);
  });
});

describe('limits', () => {
  const input = (name: string): string => `{"name":"${name}","shape":[1],"datatype":"FP32","data":[1]}`;

  it.each<[string, string, Partial<InferLimits>, string]>([
    ['bytes of JSON', request(input('x')), { maxJsonBytes: 40 }, 'exceeds the maximum allowed input size of 40 bytes'],
    ['inputs', request(`${input('a')},${input('b')}`), { maxTensors: 1 }, "'inputs' has more than 1 elements"],
    ['outputs', '{"inputs":[],"outputs":[{"name":"a"},{"name":"b"}]}', { maxTensors: 1 }, "'outputs' has more than 1"],
    ['parameters', '{"inputs":[],"parameters":{"a":1,"b":2}}', { maxParameters: 1 }, 'has more than 1 members'],
    [
      'dimensions',
      request('{"name":"x","shape":[1,1]}'),
      { maxRank: 1 },
      "'shape' of input 'x' has more than 1 dimensions",
    ],
    ['bytes of a name', request('{"name":"xxxx"}'), { maxNameBytes: 3 }, 'has 4 bytes, at most 3'],
    ['bytes of an id', '{"id":"xxxx"}', { maxTextBytes: 3 }, "'id' has 4 bytes, at most 3"],
    [
      'bytes of a parameter',
      '{"parameters":{"a":"xxxx"}}',
      { maxTextBytes: 3 },
      "parameter 'a' has 4 bytes, at most 3",
    ],
    [
      'elements',
      request('{"name":"x","shape":[300],"datatype":"FP64","data":[1,2,3,4,5]}').replace(',5]', `${',5'.repeat(250)}]`),
      { maxTensorBytes: 800 },
      "input 'x' exceeds the maximum allowed input size: it has more than 100 elements",
    ],
    [
      'strings',
      request('{"name":"x","shape":[3],"datatype":"BYTES","data":["","",""]}'),
      { maxStrings: 2 },
      'it has more than 2 elements',
    ],
    [
      'truth values',
      request('{"name":"x","shape":[3],"datatype":"BOOL","data":[true,true,true]}'),
      { maxTensorBytes: 2 },
      'it has more than 2 elements',
    ],
  ])('%s', (_what, text, limits, message) => {
    const error = refusal(text, { limits });
    expect(error.code).toBe('TOO_LARGE');
    expect(error.message).toContain(message);
  });

  it('garbage of any depth and size ends early', () => {
    expect(refusal(`{"more":${'[{"a":'.repeat(100_000)}`).message).toContain('limit of 100');
    expect(refusal(`{"more":"${'x'.repeat(200)}`, { limits: { maxJsonBytes: 100 } }).code).toBe('TOO_LARGE');
  });
});
