import { type Batching, type Dimension, type Dtype, JitneyError, type Tensor } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InferRequest } from '../../call.js';
import { createInferParser, parseHeaderLength } from './infer-parser.js';
import { DEFAULT_INFER_LIMITS, type InferLimits } from './limits.js';

const ROWS: Batching = { mode: 'rows', maxRows: 8, shared: [], sensitive: false, reason: 'said so' };
const WHOLE: Batching = { mode: 'whole', maxRows: null, reason: 'said so' };

interface Input {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly Dimension[] | null;
}

interface Options {
  /** Bytes of the JSON part; default: no header. */
  readonly headerLength?: number | null;
  readonly inputs?: readonly Input[];
  readonly batching?: Batching;
  readonly limits?: Partial<InferLimits>;
  readonly cuts?: readonly number[];
}

function parse(body: Uint8Array, options: Options = {}): InferRequest {
  const { headerLength = null, inputs = [], batching = WHOLE, limits, cuts = [2 ** 30] } = options;
  const parser = createInferParser({
    headerLength,
    limits: { ...DEFAULT_INFER_LIMITS, ...limits },
    model: 'm',
    signature: { inputs: inputs.map((input) => ({ ...input, optional: false })), outputs: [] },
    batching,
  });
  for (let at = 0, i = 0; at < body.length; i++) {
    const next = at + (cuts[i % cuts.length] as number);
    parser.write(body.slice(at, next));
    at = next;
  }
  return parser.end();
}

function refusal(body: Uint8Array, options: Options = {}): JitneyError {
  const errors = [[1], [7], [2 ** 30]].map((cuts) => {
    try {
      parse(body, { ...options, cuts });
    } catch (error) {
      expect(error).toBeInstanceOf(JitneyError);
      return error as JitneyError;
    }
    return expect.unreachable('nothing was refused');
  });
  return errors[2] as JitneyError;
}

/** Bytes written as hexadecimal, spaces between for the reader. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** JSON, the bytes behind it, and the header that tells them apart. */
function binaryBody(json: string, blobs: string): { body: Buffer; headerLength: number } {
  const header = Buffer.from(json);
  return { body: Buffer.concat([header, hex(blobs)]), headerLength: header.length };
}

function binaryInput(datatype: string, shape: string, size: number, name = 'x'): string {
  return `{"name":"${name}","shape":${shape},"datatype":"${datatype}","parameters":{"binary_data_size":${size}}}`;
}

const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

describe('a body of JSON alone', () => {
  it('becomes a request', () => {
    const body = Buffer.from('{"id":"7","inputs":[{"name":"x","shape":[2],"datatype":"INT32","data":[1,-1]}]}');
    expect(parse(body)).toEqual({
      id: '7',
      inputs: [{ name: 'x', dtype: 'INT32', shape: [2], data: new Int32Array([1, -1]) }],
      outputs: null,
      binaryOutputs: false,
      parameters: {},
    });
  });

  it('lets the model tell the dtype of data that comes before its datatype', () => {
    const body = Buffer.from('{"inputs":[{"name":"x","data":[1],"shape":[1],"datatype":"FP64"}]}');
    const inputs: Input[] = [{ name: 'x', dtype: 'FP64', shape: [null] }];
    expect(parse(body, { inputs }).inputs[0]?.data).toEqual(new Float64Array([1]));
  });

  it('has no bytes for a binary input', () => {
    const body = Buffer.from(`{"inputs":[${binaryInput('FP32', '[1]', 4)}]}`);
    expect(refusal(body)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: "unexpected size for input 'x', expecting 4 additional bytes for model 'm'",
    });
  });
});

describe('binary tensor data', () => {
  // Bytes written out from the specification: little-endian, row-major, BYTES behind 4-byte lengths.
  const cases: readonly [Dtype, string, string, unknown][] = [
    ['BOOL', '[3]', '01 00 01', Uint8Array.of(1, 0, 1)],
    ['UINT8', '[2]', '00 ff', Uint8Array.of(0, 255)],
    ['INT8', '[2]', '80 7f', Int8Array.of(-128, 127)],
    ['UINT16', '[2]', '0100 ffff', Uint16Array.of(1, 65535)],
    ['INT16', '[2]', '0080 ff7f', Int16Array.of(-32768, 32767)],
    ['UINT32', '[1]', 'efbeadde', Uint32Array.of(0xdeadbeef)],
    ['INT32', '[1,2]', 'feffffff 00000080', Int32Array.of(-2, -2147483648)],
    ['UINT64', '[1]', 'ffffffffffffffff', BigUint64Array.of(18446744073709551615n)],
    ['INT64', '[2]', '0100000000002000 0000000000000080', BigInt64Array.of(9007199254740993n, -(2n ** 63n))],
    ['FP16', '[3]', '003e 00c0 662e', Uint16Array.of(0x3e00, 0xc000, 0x2e66)],
    ['BF16', '[2]', '803f 4940', Uint16Array.of(0x3f80, 0x4049)],
    ['FP32', '[1,3]', '0000c07f 0000807f 000080ff', Float32Array.of(Number.NaN, Infinity, -Infinity)],
    ['FP64', '[1]', '9a9999999999b93f', Float64Array.of(0.1)],
    ['BYTES', '[3]', '00000000 06000000 c3a9f09f9880 02000000 00ff', [hex(''), hex('c3a9f09f9880'), hex('00ff')]],
    ['FP32', '[0,3]', '', new Float32Array(0)],
    ['BYTES', '[0]', '', []],
  ];

  it.each(cases)('%s of shape %s is %s', (dtype, shape, bytes, expected) => {
    const { body, headerLength } = binaryBody(`{"inputs":[${binaryInput(dtype, shape, hex(bytes).length)}]}`, bytes);
    for (const cut of [1, 2, 3, 5, 64, 1000]) {
      const [input] = parse(body, { headerLength, cuts: [cut] }).inputs as [Tensor];
      expect(input).toMatchObject({ name: 'x', dtype, shape: JSON.parse(shape) });
      const data = input.data as unknown;
      expect(Array.isArray(data) ? data.map((each) => Buffer.from(each)) : data).toEqual(expected);
    }
  });

  it('comes in the order of the inputs, between others that are JSON, however it is cut', () => {
    const json = `{"inputs":[${[
      binaryInput('UINT8', '[3]', 3, 'a'),
      '{"name":"b","shape":[1],"datatype":"FP32","data":[0.5]}',
      binaryInput('INT32', '[2]', 8, 'c'),
      binaryInput('BYTES', '[1]', 6, 'd'),
    ].join()}],"parameters":{"binary_data_output":true}}`;
    const { body, headerLength } = binaryBody(json, '010203 01000000 ffffffff 02000000 6869');
    fc.assert(
      fc.property(cuts, (sizes) => {
        const { inputs, binaryOutputs } = parse(body, { headerLength, cuts: sizes });
        expect(binaryOutputs).toBe(true);
        expect(inputs.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
        expect(inputs[0]?.data).toEqual(Uint8Array.of(1, 2, 3));
        expect(inputs[1]?.data).toEqual(Float32Array.of(0.5));
        expect(inputs[2]?.data).toEqual(Int32Array.of(1, -1));
        expect(inputs[3]?.data[0]).toSatisfy((bytes: Uint8Array) => Buffer.from(bytes).toString() === 'hi');
      }),
    );
  });

  it('may come while data of the JSON part still waits to be read', () => {
    const json = `{"inputs":[{"data":[1,2],"shape":[2],"datatype":"FP32","name":"a"},${binaryInput('UINT8', '[1]', 1, 'b')}]}`;
    const { body, headerLength } = binaryBody(json, '07');
    expect(parse(body, { headerLength }).inputs.map(({ data }) => data)).toEqual([
      Float32Array.of(1, 2),
      Uint8Array.of(7),
    ]);
  });

  it.each([
    ['FP32', '[2]', 7, '00000000 000000', "input byte size mismatch for input 'x' for model 'm'. Expected 8, got 7"],
    ['FP32', '[-1,3]', 12, '', 'attempt to access JSON non-unsigned-integer as unsigned-integer'],
    ['FP32', '[2]', 8, '00000000', "unexpected size for input 'x', expecting 4 additional bytes for model 'm'"],
    ['FP32', '[1]', 4, '00000000 00', "unexpected additional input data for model 'm'"],
    ['BOOL', '[3]', 3, '010002', "element 2 of BOOL input 'x' for model 'm' is 2, expected 0 or 1"],
    ['BYTES', '[2]', 5, '01000000 61', "expected 2 string elements for inference input 'x' for model 'm', got 1"],
    [
      'BYTES',
      '[1]',
      10,
      '01000000 61 01000000 62',
      "expected 1 string elements for inference input 'x' for model 'm', got more",
    ],
    ['BYTES', '[1]', 3, '010000', "incomplete string length indicator for inference input 'x' for model 'm'"],
    ['BYTES', '[1]', 5, 'ffffffff 61', 'expecting string of length 4294967295 but only 1 bytes available (element 0)'],
  ])('%s %s of %d bytes: %s is refused', (dtype, shape, size, bytes, message) => {
    const { body, headerLength } = binaryBody(`{"inputs":[${binaryInput(dtype, shape, size)}]}`, bytes);
    const error = refusal(body, { headerLength });
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(message);
  });

  it('without any binary input there must be nothing behind the JSON', () => {
    const { body, headerLength } = binaryBody('{"inputs":[]}', '00');
    expect(refusal(body, { headerLength }).message).toContain("unexpected additional input data for model 'm'");
  });

  it('the header length must end the JSON part', () => {
    const { body, headerLength } = binaryBody(`{"inputs":[${binaryInput('UINT8', '[1]', 1)}]}`, '00');
    expect(refusal(body, { headerLength: headerLength - 1 }).message).toContain('the document ends too early');
    expect(refusal(body, { headerLength: headerLength + 1 }).message).toContain('expected the end of the document');
  });

  it('the header length must not be more than the body', () => {
    expect(refusal(Buffer.from('{"inputs":[]}'), { headerLength: 14 })).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Inference-Header-Content-Length is 14, but the body has only 13 bytes',
    });
  });

  it('of many strings is split in steps once all bytes are there', () => {
    const { body, headerLength } = binaryBody(`{"inputs":[${binaryInput('BYTES', '[10000]', 50_000)}]}`, '');
    const parser = createInferParser({
      headerLength,
      model: 'm',
      signature: { inputs: [], outputs: [] },
      batching: WHOLE,
    });
    parser.write(body);
    parser.write(Buffer.from('0100000061'.repeat(10_000), 'hex'));
    let steps = 1;
    while (parser.step()) steps++;
    expect(steps).toBe(3);
    expect(parser.end().inputs[0]?.data).toHaveLength(10_000);
  });

  it('more strings than allowed are too large', () => {
    const { body, headerLength } = binaryBody(`{"inputs":[${binaryInput('BYTES', '[3]', 12)}]}`, '00'.repeat(12));
    expect(refusal(body, { headerLength, limits: { maxStrings: 2 } }).code).toBe('TOO_LARGE');
  });
});

describe('a raw body', () => {
  const raw = (bytes: string, inputs: readonly Input[], batching: Batching = WHOLE): InferRequest =>
    parse(hex(bytes), { headerLength: 0, inputs, batching, cuts: [3] });
  const input = (dtype: Dtype, shape: readonly Dimension[] | null): Input[] => [{ name: 'x', dtype, shape }];

  it('is the one input of the model, and asks for binary outputs', () => {
    expect(raw('01000000 02000000', input('INT32', [2]))).toEqual({
      id: null,
      inputs: [{ name: 'x', dtype: 'INT32', shape: [2], data: Int32Array.of(1, 2) }],
      outputs: null,
      binaryOutputs: true,
      parameters: {},
    });
  });

  it.each<[string, readonly Dimension[] | null, Batching, number, readonly number[]]>([
    ['a free dimension takes what is left', [null, 3], WHOLE, 6, [2, 3]],
    ['a symbol is free', [2, 'length'], WHOLE, 6, [2, 3]],
    ['rows count as one where another dimension is free', ['batch', 'length'], ROWS, 6, [1, 6]],
    ['rows are counted where nothing else is free', ['batch', 3], ROWS, 6, [2, 3]],
    ['a model without shape gets one dimension', null, WHOLE, 6, [6]],
    ['a free dimension may be empty', [null, 3], WHOLE, 0, [0, 3]],
    ['a scalar takes one', [], WHOLE, 1, []],
  ])('%s', (_rule, shape, batching, elements, expected) => {
    expect(raw('00'.repeat(elements), input('UINT8', shape), batching).inputs[0]?.shape).toEqual(expected);
  });

  it('of many chunks is put together in steps', () => {
    const parser = createInferParser({
      headerLength: 0,
      model: 'm',
      signature: { inputs: [{ name: 'x', dtype: 'UINT8', shape: [null], optional: false }], outputs: [] },
      batching: WHOLE,
    });
    for (let i = 0; i < 40; i++) parser.write(new Uint8Array(65_536).fill(i));
    let steps = 1;
    while (parser.step()) steps++;
    expect(steps).toBe(3);
    expect(parser.end().inputs[0]?.data).toEqual(Uint8Array.from({ length: 40 * 65_536 }, (_, i) => i >> 16));
  });

  it('of BYTES is one element without a length before it', () => {
    for (const shape of [[1], ['n', 1], null]) {
      const [tensor] = raw('68656c6c6f', input('BYTES', shape), ROWS).inputs as [Tensor];
      expect(Buffer.from(tensor.data[0] as Uint8Array).toString()).toBe('hello');
    }
  });

  it.each<[string, readonly Input[], Batching, string]>([
    ['two inputs', [...input('UINT8', [1]), { name: 'y', dtype: 'UINT8', shape: [1] }], WHOLE, "has 2 ('x', 'y')"],
    ['no input', [], WHOLE, 'needs a model with exactly one input'],
    [
      'two free dimensions',
      input('UINT8', [null, null]),
      WHOLE,
      "The shape of the raw input 'x' can not be deduced because there are more than one variable-sized dimension",
    ],
    [
      'three free dimensions with rows',
      input('UINT8', ['n', null, null]),
      ROWS,
      'more than one variable-sized dimension',
    ],
    [
      'several strings',
      input('BYTES', [2]),
      WHOLE,
      "For BYTE datatype raw input 'x', the model must have input shape [1]",
    ],
    ['a size no row count fits', input('INT32', ['n', 2]), ROWS, 'Expected a multiple of 8, got 4'],
    [
      'another size',
      input('INT32', [2]),
      WHOLE,
      "input byte size mismatch for input 'x' for model 'm'. Expected 8, got 4",
    ],
    ['part of an element', input('FP64', [null]), WHOLE, 'Expected a multiple of 8, got 4'],
    ['an empty other dimension', input('UINT8', [null, 0]), WHOLE, 'Expected a multiple of 0, got 4'],
  ])('with %s is refused', (_what, inputs, batching, message) => {
    const error = refusal(hex('01000000'), { headerLength: 0, inputs, batching });
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(message);
  });

  it('above the limit is too large', () => {
    const error = refusal(hex('01000000'), {
      headerLength: 0,
      inputs: input('UINT8', [4]),
      limits: { maxTensorBytes: 3 },
    });
    expect(error.code).toBe('TOO_LARGE');
  });
});

describe('the header Inference-Header-Content-Length', () => {
  it('is a number of bytes of the body', () => {
    expect(parseHeaderLength(undefined, 10)).toBeNull();
    expect(parseHeaderLength('0', 10)).toBe(0);
    expect(parseHeaderLength('10', 10)).toBe(10);
    expect(parseHeaderLength('10', null)).toBe(10);
  });

  it.each(['-1', '11', '1.5', 'abc', '', '1e1', '0x1', '9'.repeat(100)])('is refused when it is "%s"', (header) => {
    expect(() => parseHeaderLength(header, 10)).toThrow(JitneyError);
    expect(() => parseHeaderLength(header, 10)).toThrow(/Inference-Header-Content-Length must be a number of bytes/);
  });

  it('fits an int', () => {
    expect(parseHeaderLength('2147483647', null)).toBe(2147483647);
    expect(() => parseHeaderLength('2147483648', null)).toThrow(JitneyError);
  });
});
