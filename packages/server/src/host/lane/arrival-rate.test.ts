import { describe, expect, it } from 'vitest';
import { ArrivalRate } from './arrival-rate.js';

describe('rows that come a millisecond', () => {
  it('are none before the first has come', () => {
    expect(new ArrivalRate().perMs(5)).toBe(0);
  });

  it('are as many as came of late', () => {
    const rate = new ArrivalRate();
    for (let ms = 0; ms < 5_000; ms++) rate.add(2, ms);
    expect(rate.perMs(5_000)).toBeCloseTo(2, 1);
    for (let ms = 5_000; ms < 10_000; ms += 2) rate.add(1, ms);
    expect(rate.perMs(10_000)).toBeCloseTo(0.5, 1);
  });

  it('are soon none when nothing comes', () => {
    const rate = new ArrivalRate();
    for (let ms = 0; ms < 1_000; ms++) rate.add(1, ms);
    expect(rate.perMs(6_000)).toBeLessThan(0.01);
  });

  it('are not without end where many come at one moment', () => {
    const rate = new ArrivalRate();
    for (let count = 0; count < 100; count++) rate.add(1, 7);
    expect(rate.perMs(7)).toBe(5);
  });
});
