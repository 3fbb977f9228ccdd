import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FLOAT_BYTES, writeFloat32 } from './float-text.js';

const BYTES = new Uint8Array(MAX_FLOAT_BYTES + 4);

function textOf(value: number): string {
  return Buffer.from(BYTES.subarray(0, writeFloat32(BYTES, 0, value))).toString('latin1');
}

/** The float of a bit pattern. */
function floatOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

/** Digits without leading and trailing zeros. */
function significant(text: string): number {
  return text
    .replace(/e.*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '').length;
}

/** The fewest digits with which some decimal reads back as `value`, by trying all that could. */
function fewestDigits(value: number): number {
  for (let count = 1; count <= 9; count++) {
    const [mantissa, power] = Math.abs(value)
      .toExponential(count - 1)
      .split('e') as [string, string];
    const nearest = Number(mantissa.replace('.', ''));
    const exponent = Number(power) - (count - 1);
    for (const digits of [nearest - 1, nearest, nearest + 1]) {
      if (Math.fround(Number(`${digits}e${exponent}`)) === Math.abs(value)) return significant(String(digits));
    }
  }
  return expect.unreachable(`nine digits do not suffice for ${value}`);
}

function isShortest(value: number): boolean {
  const text = textOf(value);
  const reads = Object.is(Math.fround(Number(text)), value) && Object.is(Math.fround(JSON.parse(text)), value);
  return reads && text.length <= MAX_FLOAT_BYTES && (value === 0 || significant(text) === fewestDigits(value));
}

/** Finite floats, every exponent as likely as any other. */
const floats = fc
  .integer({ min: 0, max: 0xffffffff })
  .map(floatOf)
  .filter((value) => Number.isFinite(value));

describe('a 32-bit float as text', () => {
  it('reads back as the same float, with the fewest digits that do', () => {
    fc.assert(fc.property(floats, isShortest), { numRuns: 50_000 });
  });

  it('does so at and beside every power of two, where the neighbours are not equally far', () => {
    for (let exponent = 0; exponent < 255; exponent++) {
      for (const bits of [(exponent << 23) - 1, exponent << 23, (exponent << 23) + 1]) {
        const value = floatOf(bits >>> 0);
        if (Number.isFinite(value) && !isShortest(value)) expect.unreachable(`${value} became ${textOf(value)}`);
      }
    }
  });

  it('does so for short decimals and their neighbours', () => {
    const decimal = fc.tuple(fc.nat(99_999), fc.integer({ min: -45, max: 33 }), fc.integer({ min: -2, max: 2 }));
    const view = new DataView(new ArrayBuffer(4));
    fc.assert(
      fc.property(decimal, ([digits, exponent, steps]) => {
        view.setFloat32(0, Number(`${digits}e${exponent}`));
        view.setUint32(0, Math.max(view.getUint32(0) + steps, 0));
        return isShortest(view.getFloat32(0));
      }),
      { numRuns: 20_000 },
    );
  });

  it('is laid out as JavaScript does', () => {
    fc.assert(
      fc.property(floats, (value) => {
        const text = textOf(value);
        // The same digits read as a double have no shorter form, so that JavaScript prints them alike.
        expect(text).toBe(Object.is(value, -0) ? '-0' : String(Number(text)));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-2.5, '-2.5'],
    [0.1, '0.1'],
    [1 / 3, '0.33333334'],
    [16777216, '16777216'],
    [123456.7, '123456.7'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [1.5e-10, '1.5e-10'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    [-123456789e12, '-123456790000000000000'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [2 ** -126, '1.1754944e-38'],
    [2 ** -149, '1e-45'],
    [2 ** -44, '5.684342e-14'],
    [9007199254740992, '9007199000000000'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('%d is %s', (value, text) => {
    expect(textOf(Math.fround(value))).toBe(text);
  });
});
