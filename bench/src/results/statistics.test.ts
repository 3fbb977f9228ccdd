import { describe, expect, it } from 'vitest';
import { digits, median, megabytes, spread } from './statistics.js';

describe('a median', () => {
  it('is the value in the middle, in whatever order they come', () => {
    expect(median([30, 1, 2])).toBe(2);
    expect(median([30, 1, 2, 4])).toBe(3);
    expect(median([])).toBeNaN();
  });
});

describe('figures on the page', () => {
  it('are the median with the smallest and the largest', () => {
    expect(spread([3, 1, 2], String)).toBe('2 (1–3)');
    expect(spread([3, 1, 2], String, 'ms')).toBe('2 (1–3) ms');
    expect(spread([3], String, 'ms')).toBe('3 ms');
  });

  it('have three digits, or all of the whole part', () => {
    expect([0.12345, 1.2345, 12.345, 123.45, 12_345.6].map(digits)).toEqual(['0.123', '1.23', '12.3', '123', '12,346']);
  });

  it('count memory in millions of bytes', () => {
    expect(megabytes(45_049_999)).toBe('45.0');
  });
});
