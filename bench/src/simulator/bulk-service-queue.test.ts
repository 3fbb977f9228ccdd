import { describe, expect, it } from 'vitest';
import { poisson } from './arrivals.js';
import { emptyShareOf, inoueBoundMs, meanLatencyMs } from './bulk-service-queue.js';
import { takeAllWithoutBound } from './policies.js';
import { linear } from './run-times.js';
import { simulate } from './simulate.js';

/** Batching pays for it much, somewhat, and hardly. */
const MODELS = [
  { alphaMs: 10, betaMs: 1 },
  { alphaMs: 2, betaMs: 6 },
  { alphaMs: 1, betaMs: 25 },
];

describe('the queue that takes all', () => {
  it('has a mean latency that Inoue bounds, and whose bound needs no chain where runs are never left alone', () => {
    for (const model of MODELS) {
      for (const load of [0.1, 0.5, 0.9]) {
        const queue = { ...model, ratePerMs: load / model.betaMs };
        expect(meanLatencyMs(queue)).toBeLessThan(inoueBoundMs(queue) + 1e-9);
        expect(meanLatencyMs(queue, 0)).toBeCloseTo(inoueBoundMs(queue), 9);
      }
    }
  });

  it('takes a lone request at once where hardly anybody comes', () => {
    const queue = { alphaMs: 10, betaMs: 1, ratePerMs: 1e-9 };
    expect(emptyShareOf(queue)).toBeCloseTo(1, 6);
    expect(meanLatencyMs(queue)).toBeCloseTo(11, 6);
  });
});

describe('the lane that takes all', () => {
  for (const [index, model] of MODELS.entries()) {
    for (const load of [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]) {
      it(`has the mean latency of theory, within 3 %, at a load of ${load} with ${JSON.stringify(model)}`, async () => {
        const queue = { ...model, ratePerMs: load / model.betaMs };
        const arrivals = poisson({ ratePerMs: queue.ratePerMs, count: 200_000, seed: 10 + index });
        const { latencies } = await simulate({
          arrivals,
          runTimes: linear(model),
          lane: takeAllWithoutBound(),
          sloMs: null,
        });
        expect(latencies.count).toBe(200_000);
        expect(latencies.meanMs / meanLatencyMs(queue)).toBeGreaterThan(0.97);
        expect(latencies.meanMs / meanLatencyMs(queue)).toBeLessThan(1.03);
      });
    }
  }
});
