import { createNumericArray, type Dtype, JitneyError, type NumericArray, narrowToHalves } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ColumnContext } from './column.js';
import { createNumberColumn } from './create-column.js';
import { NumberReader } from './number-reader.js';

type NumberDtype = Exclude<Dtype, 'BOOL' | 'BYTES'>;

function contextOf(expected: number | null = null, maxElements = 2 ** 20): ColumnContext {
  return {
    expected,
    maxElements,
    tensor: () => "input 'x'",
    wrongCount: (found) => new JitneyError('UNPARSABLE', `wrong count ${found}`),
  };
}

/** Reads `text` cut after each of the given numbers of bytes, over and over. Answers what it did not read, too. */
function readText(
  dtype: NumberDtype,
  text: string,
  cuts: readonly number[] = [2 ** 30],
  context = contextOf(),
): { data: NumericArray; done: boolean; rest: string } {
  const column = createNumberColumn(dtype, context);
  const reader = new NumberReader(column);
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  for (let i = 0; at < bytes.length && !reader.done; i++) {
    const chunk = bytes.slice(at, at + (cuts[i % cuts.length] as number));
    at += reader.read(chunk, 0, chunk.length, at);
  }
  return { data: column.finish(), done: reader.done, rest: text.slice(at) };
}

function read(dtype: NumberDtype, text: string, cuts?: readonly number[]): NumericArray {
  const { data, done, rest } = readText(dtype, text, cuts);
  expect({ done, rest }).toEqual({ done: true, rest: '' });
  return data;
}

function refusal(dtype: NumberDtype, text: string, context?: ColumnContext): JitneyError {
  const errors = [[1], [3], [1000]].map((cuts) => {
    try {
      readText(dtype, text, cuts, context);
    } catch (error) {
      expect(error).toBeInstanceOf(JitneyError);
      return error as JitneyError;
    }
    return expect.unreachable('nothing was refused');
  });
  expect(new Set(errors.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
  return errors[0] as JitneyError;
}

function bytesOf(array: NumericArray): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** What JSON.parse and a copy give. */
function copied(dtype: NumberDtype, numbers: readonly number[]): NumericArray {
  if (dtype === 'FP16' || dtype === 'BF16') return narrowToHalves(dtype, numbers);
  const array = createNumericArray(dtype, numbers.length);
  if (dtype === 'INT64' || dtype === 'UINT64') (array as BigInt64Array).set(numbers.map(BigInt));
  else (array as Float32Array).set(numbers);
  return array;
}

const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 });
/** A number as some client may write it. */
const decimal = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => String(Math.fround(value))),
  fc.integer().map(String),
  fc.tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.nat(12)).map(([value, places]) => value.toFixed(places)),
  fc
    .tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20))
    .map(([v, places]) => v.toExponential(places)),
);
/** An array of numbers, nested anyhow, with white space anywhere. */
const array = fc
  .letrec<{ array: string; element: string }>((tie) => ({
    element: fc.oneof({ depthSize: 'small' }, decimal, tie('array')),
    array: fc
      .tuple(fc.array(tie('element'), { maxLength: 8 }), fc.constantFrom('', ' ', '\n\t', '\r\n  '))
      .map(([elements, space]) => `[${space}${elements.join(`${space},${space}`)}${space}]`),
  }))
  .array.map((text) => text);

function flat(text: string): number[] {
  return (JSON.parse(text) as unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
}

describe.each(['FP32', 'FP64', 'FP16', 'BF16'] as const)('an array of numbers for %s, cut anywhere', (dtype) => {
  it('is bit for bit what JSON.parse and a copy give', () => {
    fc.assert(
      fc.property(array, cuts, (text, sizes) => {
        expect(bytesOf(read(dtype, text, sizes)).equals(bytesOf(copied(dtype, flat(text))))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('may hold null, which is not-a-number, and the words for what is not finite', () => {
    const expected = bytesOf(
      copied(dtype, [1, Number.NaN, Number.NaN, Number.POSITIVE_INFINITY, -Number.POSITIVE_INFINITY]),
    );
    for (const sizes of [[1], [2], [5], [100]]) {
      expect(bytesOf(read(dtype, '[1,null,NaN,Infinity,-Infinity]', sizes))).toEqual(expected);
    }
  });

  it.each(['true', '"1"', '{}', '-NaN', '+1', '01', '1.', '-', 'nul'])(
    'refuses %s, naming input and element',
    (element) => {
      const { code, message } = refusal(dtype, `[1,2,${element}]`);
      expect(code).toBe('INVALID_ARGUMENT');
      expect(message).toMatch(/^Unable to parse 'data': element 2 of input 'x' is .*, expected a number/);
    },
  );
});

const INTEGERS = [
  ['INT8', -128n, 127n],
  ['UINT8', 0n, 255n],
  ['INT16', -32768n, 32767n],
  ['UINT16', 0n, 65535n],
  ['INT32', -2147483648n, 2147483647n],
  ['UINT32', 0n, 4294967295n],
  ['INT64', -9223372036854775808n, 9223372036854775807n],
  ['UINT64', 0n, 18446744073709551615n],
] as const;

describe.each(INTEGERS)('an array of numbers for %s, from %d to %d', (dtype, least, most) => {
  const integers = fc.array(fc.bigInt({ min: least, max: most }));

  it('is exact, however each integer is written', () => {
    const written = (value: bigint): fc.Arbitrary<string> =>
      fc.constantFrom(`${value}`, `${value}.0`, `${value}.0e0`, `${value}e-0`, `${value}.000E+00`);
    const texts = integers.chain((values) => fc.tuple(fc.constant(values), fc.tuple(...values.map(written))));
    fc.assert(
      fc.property(texts, cuts, ([values, written], sizes) => {
        const data = read(dtype, `[${written.join(', ')}]`, sizes);
        expect(Array.from(data as ArrayLike<number | bigint>, BigInt)).toEqual(values);
      }),
      { numRuns: 500 },
    );
  });

  it('holds the least and the most, and refuses the next ones', () => {
    expect(Array.from(read(dtype, `[${least},${most}]`) as ArrayLike<number | bigint>, BigInt)).toEqual([least, most]);
    for (const beyond of [least - 1n, most + 1n]) {
      const { code, message } = refusal(dtype, `[[0],[${beyond}]]`);
      expect(code).toBe('INVALID_ARGUMENT');
      expect(message).toBe(
        `Unable to parse 'data': element 1 of input 'x' is ${beyond}, expected an integer from ${least} to ${most} (${dtype})`,
      );
    }
  });

  it.each(['1.5', 'null', '1e-1', '0.99999999999999999999999', 'NaN', 'true', '1e400'])('refuses %s', (element) => {
    const { code, message } = refusal(dtype, `[0,${element},0]`);
    expect(code).toBe('INVALID_ARGUMENT');
    expect(message).toContain("element 1 of input 'x' is");
  });

  it('takes 1.0 and 1e2 as integers, and -0 as 0', () => {
    expect(Array.from(read(dtype, '[1.0,1e2,-0,0.0,0e99]') as ArrayLike<number | bigint>, Number)).toEqual([
      1, 100, 0, 0, 0,
    ]);
  });
});

describe('an array that is not one', () => {
  it.each([
    ['1', "expected an array of numbers, found '1' at 0"],
    ['"a"', "expected an array of numbers, found '\"' at 0"],
    ['[1 2]', "expected ',' or ']', found '2' at 3"],
    ['[1,,2]', "found ','"],
    ['[,]', "found ','"],
    ['[1,]', "expected a number, found ']' at 3"],
    ['[1:2]', "expected ',' or ']', found ':' at 2"],
    ['[1}', "expected ',' or ']', found '}' at 2"],
    ['[[1][2]]', "expected ',' or ']', found '[' at 4"],
  ])('%s is refused', (text, message) => {
    const error = refusal('FP32', text);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(message);
  });

  it('may nest a hundred deep, and no more', () => {
    expect(read('FP32', `${'['.repeat(100)}7${']'.repeat(100)}`)).toEqual(new Float32Array([7]));
    expect(refusal('FP32', '['.repeat(101)).message).toContain('maximum allowed limit of 100');
  });

  it('ends where its last bracket closes', () => {
    const { data, done, rest } = readText('INT32', '[1,[2]] ,"after":[3]');
    expect({ data, done, rest }).toEqual({ data: new Int32Array([1, 2]), done: true, rest: ' ,"after":[3]' });
  });

  it('is not done before', () => {
    expect(readText('INT32', '[1,[2]').done).toBe(false);
  });

  it('holds no number of more than 4096 bytes', () => {
    expect(read('FP32', `[0.${'0'.repeat(4094)}]`, [100])).toEqual(new Float32Array(1));
    expect(refusal('FP32', `[0.${'0'.repeat(4095)}]`).message).toContain('a number of more than 4096 bytes at 1');
    expect(refusal('FP32', `[0.${'0'.repeat(100_000)}`).message).toContain('a number of more than 4096 bytes at 1');
  });
});

describe('limits', () => {
  it('more elements than the shape announces end the reading at once', () => {
    expect(refusal('FP32', `[${'1,'.repeat(2000)}`, contextOf(3)).code).toBe('UNPARSABLE');
  });

  it('more elements than allowed are too large', () => {
    expect(refusal('FP32', `[${'1,'.repeat(2000)}`, contextOf(null, 1000))).toMatchObject({
      code: 'TOO_LARGE',
      message: "input 'x' exceeds the maximum allowed input size: it has more than 1000 elements",
    });
  });

  it('memory follows what was received, not what the shape announces', () => {
    const { data } = readText('FP64', '[1,2,3', [2], contextOf(2 ** 40, 2 ** 40));
    expect(data.buffer.byteLength).toBeLessThanOrEqual(256 * 8);
  });

  it('the array is exactly as long as announced', () => {
    const text = `[${Array.from({ length: 5000 }, (_, i) => i).join()}]`;
    const { data } = readText('FP32', text, [1000], contextOf(5000));
    expect(data).toEqual(Float32Array.from({ length: 5000 }, (_, i) => i));
    expect(data.buffer.byteLength).toBe(20_000);
  });
});
