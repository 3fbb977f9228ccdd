import { createNumericArray, type Dtype, JitneyError, type NumericDtype, type Tensor } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createInferParser } from './infer-parser.js';
import {
  type EncodedInferResponse,
  encodeInferResponse,
  type InferResponse,
  InferResponseEncoder,
} from './infer-response.js';

const UTF8 = new TextEncoder();

function encode(response: Partial<InferResponse>): EncodedInferResponse {
  return encodeInferResponse({
    id: null,
    model: 'm',
    version: '1',
    outputs: [],
    requested: null,
    binaryOutputs: false,
    ...response,
  });
}

function joined({ chunks }: EncodedInferResponse): Buffer {
  return Buffer.concat(chunks);
}

function textOf(response: Partial<InferResponse>): string {
  return joined(encode(response)).toString();
}

/** The tensor as binary tensor data. */
function binaryOf(tensor: Tensor): Buffer {
  const encoded = encode({ outputs: [tensor], binaryOutputs: true });
  return joined(encoded).subarray(encoded.headerLength ?? encoded.byteLength);
}

/** The text of one tensor's `data`. */
function dataOf(tensor: Tensor): string {
  return /"data":(\[.*\])\}\]\}$/s.exec(textOf({ outputs: [tensor] }))?.[1] ?? expect.unreachable('no data');
}

function strings(...texts: readonly string[]): Tensor {
  return { name: 'y', dtype: 'BYTES', shape: [texts.length], data: texts.map((text) => UTF8.encode(text)) };
}

const FLOATS: Tensor = { name: 'y', dtype: 'FP32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const LABEL: Tensor = { name: 'label', dtype: 'INT64', shape: [1], data: BigInt64Array.of(7n) };

describe('an answer in JSON', () => {
  it('has its keys in the order Triton has them, and flat data', () => {
    expect(textOf({ id: 'r1', outputs: [FLOATS, LABEL], parameters: { cached: true, took: 3n, by: 'a"b' } })).toBe(
      '{"id":"r1","model_name":"m","model_version":"1","parameters":{"cached":true,"took":3,"by":"a\\"b"},"outputs":[' +
        '{"name":"y","datatype":"FP32","shape":[2,3],"data":[1,2,3,4,5,6]},' +
        '{"name":"label","datatype":"INT64","shape":[1],"data":[7]}]}',
    );
  });

  it.each([null, ''])('has no id where the request had %j', (id) => {
    expect(textOf({ id })).toBe('{"model_name":"m","model_version":"1","outputs":[]}');
  });

  it('says what it is, and has no header length', () => {
    const encoded = encode({ outputs: [FLOATS] });
    expect(encoded).toMatchObject({ headerLength: null, contentType: 'application/json' });
    expect(encoded.byteLength).toBe(joined(encoded).length);
  });

  it('escapes whatever names and ids hold', () => {
    const name = 'é"\\\n\u0000😀';
    const answer = JSON.parse(textOf({ id: name, model: name, version: name, outputs: [{ ...FLOATS, name }] }));
    expect(answer).toMatchObject({ id: name, model_name: name, model_version: name, outputs: [{ name }] });
  });
});

describe('elements in JSON', () => {
  it.each<[Dtype, Tensor['data'], string]>([
    ['FP32', Float32Array.of(Number.NaN, Infinity, -Infinity), '[NaN,Infinity,-Infinity]'],
    ['FP64', Float64Array.of(Number.NaN, Infinity, -Infinity), '[NaN,Infinity,-Infinity]'],
    ['FP16', Uint16Array.of(0x7e00, 0x7c00, 0xfc00), '[NaN,Infinity,-Infinity]'],
    ['BF16', Uint16Array.of(0x7fc0, 0x7f80, 0xff80), '[NaN,Infinity,-Infinity]'],
    ['FP32', Float32Array.of(0.1, -0, 1e-10), '[0.1,-0,1e-10]'],
    ['FP64', Float64Array.of(0.1, -0, 1e300, 5e-324, 2 ** 53), '[0.1,-0,1e+300,5e-324,9007199254740992]'],
    ['FP16', Uint16Array.of(0x3e00, 0xc000, 0x2e66, 0x7bff, 0, 0x8000), '[1.5,-2,0.0999755859375,65504,0,-0]'],
    ['BF16', Uint16Array.of(0x3f80, 0x4049), '[1,3.140625]'],
    [
      'INT64',
      BigInt64Array.of(9007199254740993n, -(2n ** 63n), 2n ** 63n - 1n),
      '[9007199254740993,-9223372036854775808,9223372036854775807]',
    ],
    [
      'INT64',
      BigInt64Array.of(0n, -1n, 999_999_999n, 1_000_000_000n, -9007199254740991n),
      '[0,-1,999999999,1000000000,-9007199254740991]',
    ],
    ['UINT64', BigUint64Array.of(2n ** 64n - 1n, 9007199254740993n, 0n), '[18446744073709551615,9007199254740993,0]'],
    ['INT32', Int32Array.of(-2147483648, 2147483647, 10, -10), '[-2147483648,2147483647,10,-10]'],
    ['UINT32', Uint32Array.of(4294967295, 1_000_000_000), '[4294967295,1000000000]'],
    ['INT8', Int8Array.of(-128, 127), '[-128,127]'],
    ['UINT16', Uint16Array.of(65535, 0), '[65535,0]'],
    ['BOOL', Uint8Array.of(1, 0), '[true,false]'],
    ['FP32', new Float32Array(0), '[]'],
    ['BYTES', [], '[]'],
  ])('of %s are %s', (dtype, data, text) => {
    expect(dataOf({ name: 'y', dtype, shape: [data.length], data })).toBe(text);
  });

  it('of integers are exact', () => {
    const bounds = [
      ['INT64', -(2n ** 63n), 2n ** 63n - 1n],
      ['UINT64', 0n, 2n ** 64n - 1n],
      ['INT32', -(2n ** 31n), 2n ** 31n - 1n],
      ['UINT32', 0n, 2n ** 32n - 1n],
    ] as const;
    for (const [dtype, min, max] of bounds) {
      fc.assert(
        fc.property(fc.array(fc.bigInt({ min, max })), (values) => {
          const data = createNumericArray(dtype as NumericDtype, values.length);
          const isWide = dtype.endsWith('64');
          values.forEach((value, i) => {
            data[i] = isWide ? value : Number(value);
          });
          expect(dataOf({ name: 'y', dtype, shape: [values.length], data })).toBe(`[${values.join()}]`);
        }),
      );
    }
  });

  it('of strings keep zero bytes, quotes, emoji and line separators', () => {
    const texts = ['', 'he\0llo', 'a"b\\c', 'é😀', '\n\t\b\f\r', '\u2028', '\u001f'];
    expect(dataOf(strings(...texts))).toBe(
      '["","he\\u0000llo","a\\"b\\\\c","é😀","\\n\\t\\b\\f\\r","\u2028","\\u001f"]',
    );
  });

  it('of strings are read back by JSON.parse', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        expect(JSON.parse(dataOf(strings(...texts)))).toEqual(texts);
      }),
    );
  });

  it('of strings that are not UTF-8 are refused, naming output and element, and the way out', () => {
    const tensor: Tensor = { name: 'y', dtype: 'BYTES', shape: [2], data: [UTF8.encode('a'), Uint8Array.of(0xff)] };
    expect(() => encode({ outputs: [tensor] })).toThrow(JitneyError);
    expect(() => encode({ outputs: [tensor] })).toThrow(
      /^element 1 of output 'y' is not valid UTF-8.*'binary_data': true/,
    );
    expect(encode({ outputs: [tensor], binaryOutputs: true }).headerLength).not.toBeNull();
  });
});

describe('what is written in JSON', () => {
  const array = <T>(element: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(element, { minLength: 1, maxLength: 30 });
  const bits = (width: 8 | 16 | 32): fc.Arbitrary<number[]> => array(fc.nat(2 ** width - 1));
  const wide = array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  /** Every bit pattern that is not one of the many not-a-numbers. */
  const patterns: readonly [Dtype, fc.Arbitrary<Tensor['data']>][] = [
    ['BOOL', array(fc.nat(1)).map((values) => Uint8Array.from(values))],
    ['UINT8', bits(8).map((values) => Uint8Array.from(values))],
    ['INT8', bits(8).map((values) => Int8Array.from(values))],
    ['UINT16', bits(16).map((values) => Uint16Array.from(values))],
    ['INT16', bits(16).map((values) => Int16Array.from(values))],
    ['UINT32', bits(32).map((values) => Uint32Array.from(values))],
    ['INT32', bits(32).map((values) => Int32Array.from(values))],
    ['UINT64', wide.map((values) => BigUint64Array.from(values))],
    ['INT64', wide.map((values) => BigInt64Array.from(values))],
    ['FP16', bits(16).map((values) => Uint16Array.from(values.filter((value) => (value & 0x7fff) <= 0x7c00)))],
    ['BF16', bits(16).map((values) => Uint16Array.from(values.filter((value) => (value & 0x7fff) <= 0x7f80)))],
    [
      'FP32',
      bits(32).map((values) => new Float32Array(Uint32Array.from(values).buffer).filter((v) => !Number.isNaN(v))),
    ],
    [
      'FP64',
      wide.map((values) => new Float64Array(BigUint64Array.from(values).buffer).filter((v) => !Number.isNaN(v))),
    ],
    ['BYTES', array(fc.string({ unit: 'binary' })).map((texts) => texts.map((text) => UTF8.encode(text)))],
  ];

  it.each(patterns)('of %s is read back bit for bit', (dtype, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 1, max: 100 }), (data, cut) => {
        const tensor: Tensor = { name: 'y', dtype, shape: [data.length], data };
        const text = Buffer.from(`{"inputs":[${/\{"name":"y".*\}(?=\]\}$)/s.exec(textOf({ outputs: [tensor] }))}]}`);
        const parser = createInferParser({
          headerLength: null,
          model: 'm',
          signature: { inputs: [], outputs: [] },
          batching: { mode: 'whole', maxRows: null, reason: 'said so' },
        });
        for (let at = 0; at < text.length; at += cut) parser.write(text.subarray(at, at + cut));
        const [input] = parser.end().inputs as [Tensor];
        expect(input.dtype).toBe(dtype);
        expect(binaryOf(input).equals(binaryOf(tensor))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('an answer with binary outputs', () => {
  const row: Tensor = {
    name: 'y',
    dtype: 'FP32',
    shape: [1, 3],
    data: Float32Array.of(Number.NaN, Infinity, -Infinity),
  };

  it('has its JSON first, then the bytes, in the order of the outputs', () => {
    const outputs: Tensor[] = [row, LABEL, strings('é😀', '')];
    const encoded = encode({
      outputs,
      requested: [
        { name: 'y', binary: true },
        { name: 'label', binary: false },
      ],
    });
    const header =
      '{"model_name":"m","model_version":"1","outputs":[' +
      '{"name":"y","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}},' +
      '{"name":"label","datatype":"INT64","shape":[1],"data":[7]}]}';
    expect(encoded.headerLength).toBe(header.length);
    expect(encoded.contentType).toBe('application/octet-stream');
    expect(joined(encoded).toString('latin1', 0, header.length)).toBe(header);
    expect(joined(encoded).toString('hex', header.length)).toBe('0000c07f0000807f000080ff');
    expect(encoded.byteLength).toBe(header.length + 12);
  });

  it('has strings behind their lengths in bytes', () => {
    const encoded = encode({ outputs: [{ ...strings('é😀', ''), shape: [2] }], binaryOutputs: true });
    const body = joined(encoded).subarray(encoded.headerLength ?? 0);
    expect(body.toString('hex')).toBe('06000000c3a9f09f988000000000');
    expect(joined(encoded).toString('latin1', 0, encoded.headerLength ?? 0)).toContain('{"binary_data_size":14}');
  });

  it('shows only the part of memory that a tensor is a view of', () => {
    const data = Float32Array.of(9, 1, 9).subarray(1, 2);
    const encoded = encode({ outputs: [{ name: 'y', dtype: 'FP32', shape: [1], data }], binaryOutputs: true });
    expect(
      joined(encoded)
        .subarray(encoded.headerLength ?? 0)
        .toString('hex'),
    ).toBe('0000803f');
  });

  it("takes an output's own wish over the request's", () => {
    const requested = [{ name: 'y', binary: false }];
    expect(encode({ outputs: [row], requested, binaryOutputs: true }).headerLength).toBeNull();
    expect(
      encode({ outputs: [row], requested: [{ name: 'y', binary: null }], binaryOutputs: true }).headerLength,
    ).not.toBeNull();
    expect(encode({ outputs: [row], binaryOutputs: true }).headerLength).not.toBeNull();
  });

  it('is plain JSON where no binary output has bytes', () => {
    const empty: Tensor = { name: 'y', dtype: 'FP32', shape: [0, 3], data: new Float32Array(0) };
    expect(encode({ outputs: [empty], binaryOutputs: true })).toMatchObject({
      headerLength: null,
      contentType: 'application/json',
    });
    expect(textOf({ outputs: [empty], binaryOutputs: true })).toContain('"parameters":{"binary_data_size":0}');
  });
});

describe('requested outputs', () => {
  it('come in the order of the request, and no others', () => {
    const requested = [
      { name: 'label', binary: null },
      { name: 'y', binary: null },
    ];
    const { outputs } = JSON.parse(
      textOf({ outputs: [FLOATS, strings('x'), LABEL].map((t, i) => (i === 1 ? { ...t, name: 'z' } : t)), requested }),
    );
    expect(outputs.map(({ name }: { name: string }) => name)).toEqual(['label', 'y']);
  });

  it('that the answer lacks are an error', () => {
    expect(() => encode({ outputs: [FLOATS], requested: [{ name: 'z', binary: null }] })).toThrow(
      "unexpected inference output 'z' for model 'm'",
    );
  });
});

describe('large answers', () => {
  it('are made in steps, of chunks of at most 64 KiB', () => {
    const data = Float32Array.from({ length: 100_000 }, (_, i) => i / 7);
    const encoder = new InferResponseEncoder({
      id: null,
      model: 'm',
      version: '1',
      outputs: [{ name: 'y', dtype: 'FP32', shape: [data.length], data }],
      requested: null,
      binaryOutputs: false,
    });
    let count = 0;
    while (encoder.step()) count++;
    const { chunks, byteLength } = encoder.end();
    expect(count).toBeGreaterThan(byteLength / 65536 - 1);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(65536);
    expect(Float32Array.from(JSON.parse(Buffer.concat(chunks).toString()).outputs[0].data)).toEqual(data);
  });

  it('of strings are made in steps, and a string may be longer than a chunk', () => {
    const texts = [`${'a"'.repeat(100_000)}`, ...Array.from({ length: 20_000 }, (_, i) => `text ${i}`)];
    const encoder = new InferResponseEncoder({
      id: null,
      model: 'm',
      version: '1',
      outputs: [strings(...texts)],
      requested: null,
      binaryOutputs: false,
    });
    let count = 0;
    while (encoder.step()) count++;
    expect(count).toBeGreaterThan(3);
    expect(JSON.parse(Buffer.concat(encoder.end().chunks).toString()).outputs[0].data).toEqual(texts);
  });

  it('of strings in binary form are made in steps', () => {
    const texts = Array.from({ length: 10_000 }, (_, i) => `text ${i}`);
    const encoder = new InferResponseEncoder({
      id: null,
      model: 'm',
      version: '1',
      outputs: [strings(...texts)],
      requested: null,
      binaryOutputs: true,
    });
    let count = 0;
    while (encoder.step()) count++;
    expect(count).toBe(2);
    const encoded = encoder.end();
    const body = Buffer.concat(encoded.chunks).subarray(encoded.headerLength ?? 0);
    const expected = texts.map((text) => {
      const element = Buffer.alloc(4 + text.length);
      element.writeUInt32LE(text.length);
      element.write(text, 4);
      return element;
    });
    expect(body.equals(Buffer.concat(expected))).toBe(true);
  });
});
