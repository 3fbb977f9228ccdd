import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, choice, integer, list, milliseconds, optional, text, toggle } from './kind.js';

describe('a whole number', () => {
  it('is the same as a number and as text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), (value) => {
        const port = integer(0, 65_535);
        expect(port.parse(value)).toBe(value);
        expect(port.parse(String(value))).toBe(value);
      }),
    );
  });

  it.each([-1, 65_536, 1.5, Number.NaN, '', ' ', '1e3', '0x10', '-1', '80a', null, true, [80]])('is not %j', (raw) => {
    expect(integer(0, 65_535).parse(raw)).toBeUndefined();
  });
});

describe('a time', () => {
  it.each([
    [250, 250],
    ['250', 250],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5 m', 300_000],
    ['1h', 3_600_000],
  ])('%j is %i milliseconds', (raw, expected) => {
    expect(milliseconds(0).parse(raw)).toBe(expected);
  });

  it.each(['-1s', '30 seconds', 's', '0.1ms', '25h', Number.POSITIVE_INFINITY, null])('is not %j', (raw) => {
    expect(milliseconds(0).parse(raw)).toBeUndefined();
  });
});

describe('a size', () => {
  it.each([
    [65_536, 65_536],
    ['64KiB', 65_536],
    ['64MiB', 67_108_864],
    ['2GiB', 2_147_483_648],
    ['512B', 512],
  ])('%j is %i bytes', (raw, expected) => {
    expect(bytes(0).parse(raw)).toBe(expected);
  });

  it.each(['64MB', '64mib', 'much', -1])('is not %j: units are powers of two, and say so', (raw) => {
    expect(bytes(0).parse(raw)).toBeUndefined();
  });
});

describe('a time or a size, written for people', () => {
  it.each([
    [milliseconds(0), 75_000, '75s'],
    [milliseconds(0), 90_000, '90s'],
    [milliseconds(0), 250, '250ms'],
    [milliseconds(0), 0, '0'],
    [bytes(0), 67_108_864, '64MiB'],
    [bytes(0), 1_000, '1000B'],
  ])('has the largest unit that leaves a whole number: case %#', (kind, value, written) => {
    expect(kind.write?.(value)).toBe(written);
  });

  it('is read back as the same value', () => {
    fc.assert(
      fc.property(fc.nat(86_400_000), fc.constantFrom(milliseconds(0), bytes(0)), (value, kind) => {
        expect(kind.parse(kind.write?.(value))).toBe(value);
      }),
    );
  });
});

describe('a switch', () => {
  it.each([true, 'true', '1'])('is on with %j', (raw) => expect(toggle().parse(raw)).toBe(true));
  it.each([false, 'false', '0'])('is off with %j', (raw) => expect(toggle().parse(raw)).toBe(false));
  it.each(['yes', '', 1, null])('is not %j', (raw) => expect(toggle().parse(raw)).toBeUndefined());
});

describe('a list', () => {
  const origins = list(text('an origin', 'ORIGIN'));

  it('is separated by commas in text', () =>
    expect(origins.parse('https://a, https://b')).toEqual(['https://a', 'https://b']));
  it('is a list in files', () => expect(origins.parse(['https://a'])).toEqual(['https://a']));
  it.each(['a,,b', [''], [1], null])('is not %j', (raw) => expect(origins.parse(raw)).toBeUndefined());
});

describe('a choice', () => {
  it('is one of its values, as written', () => {
    expect(choice('auto', 'json').parse('json')).toBe('json');
    expect(choice('auto', 'json').parse('JSON')).toBeUndefined();
  });
});

describe('an optional value', () => {
  it('may be null, but not empty', () => {
    expect(optional(text('a path', 'FILE')).parse(null)).toBeNull();
    expect(optional(text('a path', 'FILE')).parse('')).toBeUndefined();
  });
});
