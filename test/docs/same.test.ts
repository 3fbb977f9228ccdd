import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, isSameText } from './same.js';

describe('an answer', () => {
  it('is the same as itself', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => difference(value, value) === null));
  });

  it('may differ in the last digits of numbers', () => {
    expect(difference({ p: 0.8712 }, { p: 0.87121 })).toBeNull();
    expect(difference({ p: 0.8712 }, { p: 0.88 })).toBe('$.p: expected 0.8712, got 0.88');
    expect(difference({ p: 0 }, { p: 0.001 })).not.toBeNull();
  });

  it('may be anything where the page shows "…"', () => {
    expect(difference({ id: '…', list: ['…', 2] }, { id: 7, list: [{ a: 1 }, 2] })).toBeNull();
    expect(difference({ id: '…' }, {})).toBe('$.id: missing');
    expect(difference({ message: 'took … ms (…)' }, { message: 'took 7 ms (a.b)' })).toBeNull();
    expect(difference({ message: 'took … ms' }, { message: 'took 7 s' })).not.toBeNull();
  });

  it.each([
    [{ a: 1 }, {}, '$.a: expected 1, got undefined'],
    [{}, { a: 1 }, '$.a: not on the page, got 1'],
    [[1], [1, 2], '$: expected 1 items, got 2'],
    [{ a: [{ b: true }] }, { a: [{ b: false }] }, '$.a[0].b: expected true, got false'],
    [1, '1', '$: expected 1, got "1"'],
    [null, {}, '$: expected null, got {}'],
  ])('that differs names the place: case %#', (expected, actual, message) => {
    expect(difference(expected, actual)).toBe(message);
  });
});

describe('text', () => {
  it('is compared without the space around it', () => expect(isSameText('a (b)', ' a (b)\n')).toBe(true));
  it('is compared to its end', () => expect(isSameText('a', 'a b')).toBe(false));
  it('may be anything at …', () => expect(isSameText('a…z', 'a.\nb\nz')).toBe(true));
});
