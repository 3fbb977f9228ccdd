import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bf16ToNumber,
  fp16ToNumber,
  type HalfDtype,
  narrowToHalves,
  numberToBf16,
  numberToFp16,
  widenHalves,
} from './half-float.js';

const FORMATS: readonly {
  readonly dtype: HalfDtype;
  readonly encode: (value: number) => number;
  readonly decode: (bits: number) => number;
  readonly infinity: number;
}[] = [
  { dtype: 'FP16', encode: numberToFp16, decode: fp16ToNumber, infinity: 0x7c00 },
  { dtype: 'BF16', encode: numberToBf16, decode: bf16ToNumber, infinity: 0x7f80 },
];

describe.each(FORMATS)('$dtype', ({ dtype, encode, decode, infinity }) => {
  it('gives every bit pattern back', () => {
    for (let bits = 0; bits <= 0xffff; bits++) {
      const value = decode(bits);
      if (Number.isNaN(value)) {
        expect(bits & 0x7fff).toBeGreaterThan(infinity);
        expect(Number.isNaN(decode(encode(value)))).toBe(true);
      } else if (encode(value) !== bits) {
        expect.unreachable(`${dtype} ${bits.toString(16)} became ${encode(value).toString(16)}`);
      }
    }
  });

  it('grows with its bits', () => {
    for (let bits = 1; bits <= infinity; bits++) expect(decode(bits) > decode(bits - 1)).toBe(true);
  });

  it('rounds to the nearest neighbour, ties to the even one', () => {
    const positive = fc.integer({ min: 0, max: infinity - 2 });
    fc.assert(
      fc.property(positive, fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean(), (bits, part, negative) => {
        const below = decode(bits);
        const above = decode(bits + 1);
        const value = below + (above - below) * part;
        const middle = below + (above - below) / 2;
        const even = bits % 2 === 0 ? bits : bits + 1;
        const expected = value === middle ? even : value < middle ? bits : bits + 1;
        expect(encode(negative ? -value : value)).toBe(negative ? expected | 0x8000 : expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('rounds exact ties to even', () => {
    for (let bits = 0; bits < infinity - 1; bits++) {
      const middle = (decode(bits) + decode(bits + 1)) / 2;
      if (encode(middle) !== bits + (bits % 2)) expect.unreachable(`tie above ${bits.toString(16)}`);
    }
  });

  it('turns what is too large into infinity, and keeps infinities and the sign of zero', () => {
    expect(encode(Number.POSITIVE_INFINITY)).toBe(infinity);
    expect(encode(Number.NEGATIVE_INFINITY)).toBe(infinity | 0x8000);
    expect(encode(Number.MAX_VALUE)).toBe(infinity);
    expect(encode(-0)).toBe(0x8000);
    expect(Object.is(decode(0x8000), -0)).toBe(true);
    expect(encode(5e-324)).toBe(0);
  });

  it('converts arrays element by element', () => {
    const bits = Uint16Array.from({ length: 300 }, (_, i) => i * 100);
    expect(narrowToHalves(dtype, widenHalves(dtype, bits))).toEqual(bits.map((each) => encode(decode(each))));
  });
});

describe('published half-precision values', () => {
  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [0.1, 0x2e66],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [70000, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1e-8, 0x0000],
    [1 / 3, 0x3555],
  ])('FP16 of %d is 0x%s', (value, bits) => {
    expect(numberToFp16(value)).toBe(bits);
  });

  it.each([
    [1, 0x3f80],
    [-2, 0xc000],
    [0.1, 0x3dcd],
    [3.140625, 0x4049],
    [3.4e38, 0x7f80],
    [1 / 3, 0x3eab],
  ])('BF16 of %d is 0x%s', (value, bits) => {
    expect(numberToBf16(value)).toBe(bits);
  });

  it('BF16 is not rounded twice', () => {
    // Just above the middle of two BF16 numbers, by less than binary32 can tell.
    expect(numberToBf16(1 + 2 ** -8 + 2 ** -40)).toBe(0x3f81);
    expect(numberToBf16(1 + 2 ** -8)).toBe(0x3f80);
  });
});
