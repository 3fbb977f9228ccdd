import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinearLatencyModel } from './latency-model.js';

const work = (units: number) => ({ rows: units, units });

/** A model that saw runs of these sizes, each of which took `tookMs(size)`. */
function taught(sizes: readonly number[], tookMs: (units: number) => number, model = new LinearLatencyModel()) {
  for (const units of sizes) model.observe(work(units), tookMs(units));
  return model;
}

const SIZES = Array.from({ length: 60 }, (_, run) => 1 + ((run * 7) % 32));
/** Repeats what `Math.sin` makes look random, between -1 and 1. */
const noise = (run: number) => Math.sin(run * 12.9898) ** 3;

describe('a latency model', () => {
  it('says 0 while it knows nothing, and the first run teaches nothing', () => {
    const model = new LinearLatencyModel();
    expect(model.predict(work(8))).toBe(0);
    model.observe(work(8), 500);
    expect(model.predict(work(8))).toBe(0);
  });

  it('learns the fixed and the proportional part, also for sizes it never saw', () => {
    const model = taught(SIZES, (units) => 10 + 1.5 * units);
    for (const units of [1, 16, 32, 64]) expect(model.predict(work(units))).toBeCloseTo(10 + 1.5 * units, 3);
  });

  it('learns in padded tokens as well as in rows', () => {
    const model = taught(
      SIZES.map((size) => size * 384),
      (units) => 4 + 0.01 * units,
    );
    expect(model.predict(work(20_000))).toBeCloseTo(204, 1);
  });

  it('is near the middle of noisy runs', () => {
    let run = 0;
    const model = taught([...SIZES, ...SIZES, ...SIZES], (units) => (10 + units) * (1 + 0.2 * noise(++run)));
    expect(model.predict(work(16))).toBeGreaterThan(26 * 0.9);
    expect(model.predict(work(16))).toBeLessThan(26 * 1.1);
  });

  it('follows runs that become slower', () => {
    const model = taught(SIZES, (units) => 10 + units);
    for (let times = 0; times < 4; times++) taught(SIZES, (units) => 3 * (10 + units), model);
    expect(model.predict(work(16))).toBeGreaterThan(3 * 26 * 0.95);
  });

  it('follows runs of one size too, and keeps what it knows of others', () => {
    const model = taught(SIZES, (units) => 10 + units);
    const ones = new Array<number>(10_000).fill(1);
    taught(ones, () => 11, model);
    expect(model.predict(work(32))).toBeCloseTo(42, 1);
    taught(ones.slice(0, 300), () => 22, model);
    expect(model.predict(work(1))).toBeCloseTo(22, 0);
  });

  it('is hardly moved by one run that took a thousand times as long, and follows two more', () => {
    const model = taught(SIZES, (units) => 10 + units);
    taught([1], () => 10_000, model);
    expect(model.predict(work(1))).toBeLessThan(2 * 11);
    expect(model.isReliable).toBe(true);
    taught([1, 1], () => 10_000, model);
    expect(model.predict(work(1))).toBeGreaterThan(3_000);
  });

  it('has to prove itself again once rows differ in their work', () => {
    const model = taught([1, 1, 2, 2, 4, 4, 8, 8], (rows) => 5 + rows, new LinearLatencyModel(0));
    expect(model.isReliable).toBe(true);
    model.observe({ rows: 1, units: 300 }, 500);
    expect(model.isReliable).toBe(false);
  });

  it('never predicts less than nothing, nor anything that is no number, whatever it was told', () => {
    const runs = fc.array(
      fc.record({
        units: fc.oneof(fc.nat(100), fc.double({ min: 0, max: 1e6, noNaN: true })),
        tookMs: fc.oneof(fc.nat(1_000), fc.double({ min: 0, max: 1e7, noNaN: true })),
        times: fc.constantFrom(1, 1, 1, 500),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(runs, fc.nat(100_000), (seen, units) => {
        const model = new LinearLatencyModel();
        for (const run of seen) {
          for (let time = 0; time < run.times; time++) model.observe(work(run.units), run.tookMs);
        }
        const predicted = model.predict(work(units));
        expect(predicted).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(predicted)).toBe(true);
      }),
    );
  });
});
