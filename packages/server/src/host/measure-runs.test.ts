import { JitneyError, type Model, type Tensor } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { ManualClock } from './lane/testing/manual-clock.js';
import { measureRuns } from './measure-runs.js';

/** Runs of b rows take `runMs(b)`; those that `fails` says fail. */
function createModel(runMs: (rows: number) => number, fails: (inputs: readonly Tensor[]) => boolean = () => false) {
  const clock = new ManualClock();
  const ran: number[] = [];
  const model = {
    signature: { inputs: [{ name: 'x', dtype: 'FP32', shape: ['rows', 2], optional: false }], outputs: [] },
    facts: { sharedInputs: [] },
    run: ({ tensors }: { tensors: readonly Tensor[] }) => {
      if (fails(tensors)) throw new JitneyError('MODEL_ERROR', 'it does not take this');
      const rows = tensors[0]!.shape[0]!;
      ran.push(rows);
      clock.pass(runMs(rows));
      return [];
    },
  } as unknown as Model;
  const { signal } = new AbortController();
  const measure = (maxRows: number, rows: readonly number[] | null = null, given = { signal }) =>
    measureRuns(model, { rows, maxRows, clock, ...given });
  return { measure, ran };
}

describe('a model that is measured', () => {
  it('runs 1, 2, 4 … rows up to the most of a run, and the first of each size does not count', async () => {
    const { measure, ran } = createModel((rows) => 1 + rows);
    const runs = await measure(12);
    expect([...new Set(ran)]).toEqual([1, 2, 4, 8, 12]);
    expect(runs.filter(({ rows }) => rows === 8)).toEqual([
      { rows: 8, units: 8, tookMs: 9 },
      { rows: 8, units: 8, tookMs: 9 },
    ]);
  });

  it('runs the row counts that are asked for, as far as a run may have so many', async () => {
    const { measure, ran } = createModel(() => 1);
    await measure(8, [3, 16, 5]);
    expect([...new Set(ran)]).toEqual([3, 5]);
  });

  it('is left alone after a second', async () => {
    const { measure, ran } = createModel((rows) => 100 * rows);
    await measure(64);
    expect(ran.reduce((ms, rows) => ms + 100 * rows, 0)).toBeLessThanOrEqual(1_000);
    const slow = createModel(() => 5_000);
    expect(await slow.measure(64)).toEqual([{ rows: 1, units: 1, tookMs: 5_000 }]);
    expect(slow.ran).toEqual([1]);
  });

  it('is tried with other values where it does not take the first', async () => {
    const { measure } = createModel(
      () => 1,
      ([x]) => Math.abs(x!.data[0] as number) < 1,
    );
    expect((await measure(4)).length).toBeGreaterThan(0);
  });

  it('that takes nothing made up gives nothing', async () => {
    const { measure } = createModel(
      () => 1,
      () => true,
    );
    expect(await measure(4)).toEqual([]);
  });

  it('is no longer when its load was given up', async () => {
    const controller = new AbortController();
    const { measure } = createModel(
      () => 1,
      () => {
        controller.abort(new JitneyError('CANCELLED', 'given up'));
        return true;
      },
    );
    await expect(measure(4, null, { signal: controller.signal })).rejects.toThrow('given up');
  });
});
