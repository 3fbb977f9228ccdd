import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Precision } from './decimal.js';
import { NumberRun } from './number-run.js';

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The number read from `text`, or `null` where it was left to the caller. */
function read(precision: Precision, text: string): number | null {
  const run = new NumberRun(precision);
  const target = new Float64Array(1);
  const next = run.read(new TextEncoder().encode(`${text},`), 0, text.length + 1, target);
  expect(next).toBe(run.count === 0 ? 0 : text.length + 1);
  return run.count === 0 ? null : (target[0] as number);
}

/** What is read must be what JSON.parse gives, or be left. */
function isExact(precision: Precision, text: string): boolean {
  const value = read(precision, text);
  if (value === null) return true;
  const expected = Number(text);
  return precision === 'single'
    ? Object.is(Math.fround(value), Math.fround(expected))
    : NUMBER.test(text) && Object.is(value, expected);
}

const digits = (maxLength: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength });
const decimals = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(
      fc.constant('0'),
      digits(20).map((text) => text.replace(/^0+(?=.)/, '')),
    ),
    fraction: fc.option(digits(24), { nil: null }),
    exponent: fc.option(fc.integer({ min: -60, max: 60 }), { nil: null }),
  })
  .map(
    ({ sign, whole, fraction, exponent }) =>
      sign + whole + (fraction === null ? '' : `.${fraction}`) + (exponent === null ? '' : `e${exponent}`),
  );

describe.each(['single', 'double', 'integer'] as const)('a number read for %s precision', (precision) => {
  it('is what JSON.parse gives', () => {
    fc.assert(
      fc.property(decimals, (text) => isExact(precision, text)),
      { numRuns: 20_000 },
    );
  });

  it('is what JSON.parse gives for every double printed by JavaScript', () => {
    const double = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ noNaN: true }).map(Math.fround),
    );
    fc.assert(
      fc.property(double, (value) => !Number.isFinite(value) || isExact(precision, String(value).replace('e+', 'e'))),
      { numRuns: 20_000 },
    );
  });

  it.each([
    '',
    '-',
    '01',
    '-01',
    '1.',
    '.5',
    '1.e5',
    '1e',
    '1e+',
    '+1',
    '1.5.5',
    '1x',
    'x',
    '--1',
    '1-1',
    '1e5e5',
    '0x10',
  ])('that JSON does not know is left: "%s"', (text) => {
    expect(read(precision, text)).toBeNull();
  });
});

describe('a number beside the middle of two 32-bit floats', () => {
  it('falls to the right side, as rounding to a double and then to a float does', () => {
    const single = fc.integer({ min: 1, max: 0x7f7ffffe });
    const bits = new DataView(new ArrayBuffer(4));
    const floatOf = (pattern: number): number => {
      bits.setUint32(0, pattern);
      return bits.getFloat32(0);
    };
    fc.assert(
      fc.property(
        single,
        fc.integer({ min: 14, max: 24 }),
        fc.integer({ min: -3, max: 3 }),
        (pattern, precision, nudge) => {
          const middle = (floatOf(pattern) + floatOf(pattern + 1)) / 2;
          const [mantissa, exponent] = middle.toExponential(precision).split('e') as [string, string];
          const last = BigInt(mantissa.replace('.', '')) + BigInt(nudge);
          const text = `${last}e${Number(exponent) - precision}`;
          return isExact('single', text) && isExact('double', text);
        },
      ),
      { numRuns: 20_000 },
    );
  });
});

describe('numbers of the lengths that clients send', () => {
  it.each(['0', '-0', '7', '255', '-128', '0.5', '-2.5e3', '1e22', '123456789012345', '0.0001', '9007199254740991'])(
    '%s is read in place, whatever it is for',
    (text) => {
      expect(read('double', text)).toBe(Number(text));
      expect(read('single', text)).toBe(Number(text));
    },
  );

  it.each(['0.12345678806304932', '-1.1754943508222875e-20', '3.4028234663852886e38', '16777217.0000010000001'])(
    '%s is read in place as a 32-bit float',
    (text) => {
      expect(Math.fround(read('single', text) as number)).toBe(Math.fround(Number(text)));
    },
  );
});
