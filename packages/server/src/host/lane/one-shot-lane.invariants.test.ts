import {
  type Batch,
  type Batching,
  type Entry,
  JitneyError,
  type KnownRun,
  type Outcome,
  type Tensor,
} from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Executor } from './executor.js';
import { createOneShotLane } from './one-shot-lane.js';
import { collectGarbage } from './testing/collect-garbage.js';
import { DoublingExecutor } from './testing/doubling-executor.js';
import { answerOf, entryOf, entryWith, ROWS } from './testing/entries.js';
import { ManualClock } from './testing/manual-clock.js';

const MAX_ROWS = 8;
const BATCHING: Batching = { ...ROWS, maxRows: MAX_ROWS } as Batching;
/** Values of one row are `1000 · (place of its entry) + row`; a bad row has `BAD` in its place. */
const BAD = -1;

interface Submitted {
  readonly entry: Entry;
  readonly place: number;
  readonly isBad: boolean;
  readonly outcomes: Outcome[];
}

interface Row {
  readonly place: number;
  readonly row: number;
}

/** Doubles, holds each run until it is let go, and writes down who was in it and what else ran. */
class WitnessExecutor implements Executor {
  readonly runs: { readonly rows: readonly Row[]; readonly width: number; readonly runningBeside: number }[] = [];
  readonly held: { readonly rows: readonly Row[]; readonly finish: () => void }[] = [];
  failures = 0;

  beforeRun(): void {}

  run({ tensors }: Batch): Promise<Tensor[]> {
    const [x, places] = tensors as [Tensor, Tensor];
    const width = x.shape[1] as number;
    const rows = Array.from(places.data as Float32Array, (code) => ({
      place: Math.floor(code / 1000),
      row: code % 1000,
    }));
    this.runs.push({ rows, width, runningBeside: this.held.length });
    return new Promise((resolve, reject) => {
      const finish = () => {
        const values = x.data as Float32Array;
        if (!values.includes(BAD)) return resolve([{ ...x, name: 'y', data: values.map((value) => 2 * value) }]);
        this.failures += 1;
        reject(new JitneyError('MODEL_ERROR', 'a bad row'));
      };
      this.held.push({ rows, finish });
    });
  }

  /** Lets the run at `index`, counted round, go. */
  release(index: number): void {
    if (this.held.length === 0) return;
    const [run] = this.held.splice(index % this.held.length, 1);
    run?.finish();
  }
}

const rarely = fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

const arrival = fc.record({
  rows: fc.integer({ min: 1, max: 20 }),
  width: fc.integer({ min: 1, max: 3 }),
  priority: fc.integer({ min: 0, max: 2 }),
  timeoutMs: fc.option(fc.integer({ min: 1, max: 40 }), { nil: Number.POSITIVE_INFINITY }),
  alone: rarely,
  isBad: rarely,
});

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('submit' as const), given: arrival }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 15 }) }) },
);

/** What the lane is told of its runs, and what bounds them: a run of b rows took `fixedMs + b · rowMs`. */
const bounds = fc.record({
  fixedMs: fc.double({ min: 0, max: 1, noNaN: true }),
  rowMs: fc.double({ min: 0, max: 8, noNaN: true }),
  latencyMs: fc.option(fc.integer({ min: 1, max: 40 })),
  maxRunBytes: fc.integer({ min: 1, max: 60 }),
});

const story = fc.record({
  instances: fc.integer({ min: 1, max: 3 }),
  /** Or nothing but the most rows, and nothing is known. */
  bounds: fc.option(bounds),
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
});

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

function sweep({ fixedMs, rowMs }: Drawn<typeof bounds>): KnownRun[] {
  return [1, 1, 2, 2, 4, 4, 8, 8].map((rows) => ({ rows, units: rows, tookMs: fixedMs + rowMs * rows }));
}

/** Plays a story to its end: everything is let go and the lane drained. */
async function play({ instances, bounds, steps }: Drawn<typeof story>) {
  const clock = new ManualClock();
  const executor = new WitnessExecutor();
  const limits = { maxEntries: 20, maxBytes: 2_000 };
  const given = bounds === null ? {} : { policy: bounds, knownRuns: sweep(bounds) };
  const lane = createOneShotLane({ batching: BATCHING, instances, limits, clock, executor, ...given });
  const submitted: Submitted[] = [];

  const submit = (given: Drawn<typeof arrival>) => {
    const place = submitted.length;
    const codes = Array.from({ length: given.rows }, (_, row) => 1000 * place + row);
    const values = codes.flatMap((code) => new Array<number>(given.width).fill(code));
    if (given.isBad) values[0] = BAD;
    const tensors: Tensor[] = [
      { name: 'x', dtype: 'FP32', shape: [given.rows, given.width], data: Float32Array.from(values) },
      { name: 'place', dtype: 'FP32', shape: [given.rows], data: Float32Array.from(codes) },
    ];
    const entry = entryWith(tensors, given.rows, {
      priority: given.priority,
      deadlineAtMs: clock.now() + given.timeoutMs,
      alone: given.alone,
    });
    const outcomes: Outcome[] = [];
    submitted.push({ entry, place, isBad: given.isBad, outcomes });
    lane.submit(entry, (outcome) => outcomes.push(outcome));
  };
  const settleDown = () => new Promise((resolve) => setImmediate(resolve));
  const waitsForNothing = () => {
    clock.turn();
    // One that waits for the process, or one whose run goes on though it has left.
    const waitsAlone = submitted.some(({ entry, outcomes }) => entry.alone && outcomes.length === 0);
    const runsAlone = executor.held.some(({ rows }) => submitted[rows[0]?.place as number]?.entry.alone);
    return waitsAlone || runsAlone || executor.held.length === instances || lane.stats().queuedEntries === 0;
  };

  for (const next of steps) {
    if (next.kind === 'submit') submit(next.given);
    if (next.kind === 'cancel') lane.cancel(submitted[next.which % Math.max(1, submitted.length)]?.entry.id ?? -1);
    if (next.kind === 'turn') expect(waitsForNothing(), 'an instance is free and something waits').toBe(true);
    if (next.kind === 'advance') clock.advance(next.ms);
    if (next.kind === 'release') {
      executor.release(next.which);
      await settleDown();
      expect(waitsForNothing(), 'an instance is free and something waits').toBe(true);
    }
  }
  const drained = lane.drain();
  clock.turn();
  while (executor.held.length > 0) {
    executor.release(0);
    await settleDown();
  }
  await drained;
  return { submitted, executor, lane, instances };
}

function expectedAnswer({ entry }: Submitted): number[] {
  return Array.from((entry.tensors[0] as Tensor).data as Float32Array, (value) => 2 * value);
}

describe('whatever arrives, leaves, fails and ends in whatever order', () => {
  const check = (judge: (played: Awaited<ReturnType<typeof play>>) => void) =>
    fc.assert(
      fc.asyncProperty(story, async (told) => judge(await play(told))),
      { numRuns: 300 },
    );

  it('every entry ends exactly once, and its answer is what it gets alone', async () => {
    await check(({ submitted }) => {
      for (const one of submitted) {
        expect(one.outcomes).toHaveLength(1);
        const [outcome] = one.outcomes;
        if (outcome?.state === 'done') expect(answerOf(outcome)).toEqual(expectedAnswer(one));
      }
    });
  });

  it('only bad entries fail by their run', async () => {
    await check(({ submitted }) => {
      for (const { outcomes, isBad } of submitted) {
        if (answerOf(outcomes[0]) === 'MODEL_ERROR') expect(isBad).toBe(true);
        if (isBad) expect(outcomes[0]?.state).toBe('failed');
      }
    });
  });

  it('no run is above its bound or mixes shapes, and it holds rows of each entry in their order', async () => {
    await check(({ submitted, executor }) => {
      for (const { rows, width } of executor.runs) {
        expect(rows.length).toBeLessThanOrEqual(MAX_ROWS);
        for (const [index, { place, row }] of rows.entries()) {
          expect(submitted[place]?.entry.tensors[0]?.shape[1]).toBe(width);
          const before = rows[index - 1];
          if (before?.place === place) expect(row).toBe(before.row + 1);
        }
      }
    });
  });

  it('no row runs twice, but by itself after a run that failed', async () => {
    await check(({ executor }) => {
      const seen = new Map<string, number>();
      for (const { rows } of executor.runs) {
        for (const { place, row } of rows) {
          const times = (seen.get(`${place}/${row}`) ?? 0) + 1;
          seen.set(`${place}/${row}`, times);
          expect(times).toBeLessThanOrEqual(executor.failures > 0 ? 2 : 1);
          if (times === 2) expect(new Set(rows.map((other) => other.place)).size).toBe(1);
        }
      }
    });
  });

  it('those of one class and shape begin in the order they came', async () => {
    await check(({ submitted, executor }) => {
      const lastOf = new Map<string, number>();
      const begun = new Set<number>();
      for (const { rows, width } of executor.runs) {
        for (const { place } of rows) {
          if (begun.has(place)) continue;
          begun.add(place);
          const line = `${submitted[place]?.entry.priority}/${width}`;
          expect(place).toBeGreaterThan(lastOf.get(line) ?? -1);
          lastOf.set(line, place);
        }
      }
    });
  });

  it('one that must be alone has nothing beside it', async () => {
    await check(({ submitted, executor }) => {
      for (const { rows, runningBeside } of executor.runs) {
        const places = new Set(rows.map(({ place }) => place));
        const isAlone = [...places].some((place) => submitted[place]?.entry.alone);
        if (isAlone) expect([places.size, runningBeside]).toEqual([1, 0]);
      }
    });
  });

  it('never more runs go on than there are instances', async () => {
    await check(({ executor, instances }) => {
      for (const { runningBeside } of executor.runs) expect(runningBeside).toBeLessThan(instances);
    });
  });

  it('nothing is left behind', async () => {
    await check(({ lane }) => {
      expect(lane.stats()).toEqual({
        queuedEntries: 0,
        queuedRows: 0,
        queuedBytes: 0,
        runningRows: 0,
        oldestRunMs: 0,
        expectedWaitMs: 0,
        counts: expect.any(Object),
      });
    });
  });
});

describe('memory of entries that were cancelled', () => {
  it('is free while others still wait before and behind them', async () => {
    const clock = new ManualClock();
    const executor = new DoublingExecutor('held');
    const limits = { maxEntries: 1_000, maxBytes: 1e9 };
    const lane = createOneShotLane({ batching: BATCHING, instances: 1, limits, clock, executor });
    const submit = (value: number) => {
      const entry = entryOf([value], { deadlineAtMs: clock.now() + 1e6 });
      lane.submit(entry, () => {});
      return { id: entry.id, data: new WeakRef(entry.tensors[0]?.data as Float32Array) };
    };
    submit(0);
    clock.turn();
    const waiting = Array.from({ length: 100 }, (_, value) => submit(value));
    for (const { id } of waiting.filter((_, place) => place % 2 === 1)) lane.cancel(id);
    await collectGarbage();
    const alive = waiting.map(({ data }) => data.deref() !== undefined);
    expect(alive).toEqual(waiting.map((_, place) => place % 2 === 0));
    await executor.releaseAll();
  });
});
