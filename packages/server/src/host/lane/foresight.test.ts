import type { Entry, Outcome } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinearLatencyModel } from './latency-model.js';
import type { DecisionRecord, LaneObserver } from './observer.js';
import { createOneShotLane, type OneShotLaneOptions } from './one-shot-lane.js';
import { answerOf, entryOf, ROWS } from './testing/entries.js';
import { ManualClock } from './testing/manual-clock.js';

/** Runs of b rows take `runMs(b)` of the clock's time, and answer with nothing. */
function createTimedLane(runMs: (rows: number, now: number) => number, given: Partial<OneShotLaneOptions> = {}) {
  const clock = new ManualClock();
  const decisions: { readonly now: number; readonly decision: DecisionRecord }[] = [];
  const observer: LaneObserver = {
    arrived() {},
    cancelled() {},
    turn() {},
    rang() {},
    ended() {},
    decided: (now, decision) => void decisions.push({ now, decision }),
  };
  const lane = createOneShotLane({
    batching: ROWS,
    instances: 1,
    limits: { maxEntries: 10_000, maxBytes: 1e9 },
    clock,
    observer,
    executor: {
      beforeRun() {},
      run: ({ tensors }) => {
        const rows = tensors[0]!.shape[0]!;
        return new Promise((resolve) => clock.at(clock.now() + runMs(rows, clock.now()), () => resolve([tensors[0]!])));
      },
    },
    ...given,
  });
  /** Time passes millisecond by millisecond, and promises settle in between. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed++) {
      clock.turn();
      clock.advance(1);
      for (let turn = 0; turn < 3; turn++) await undefined;
    }
    clock.turn();
  };
  const submit = (rows: number, timeoutMs = Number.POSITIVE_INFINITY, more: Partial<Entry> = {}) => {
    const now = clock.now();
    const entry = entryOf(new Array<number>(rows).fill(1), {
      arrivedAtMs: now,
      deadlineAtMs: now + timeoutMs,
      ...more,
    });
    const asked: { readonly entry: Entry; outcome: Outcome | null; endedInMs: number } = {
      entry,
      outcome: null,
      endedInMs: 0,
    };
    lane.submit(entry, (outcome) => {
      asked.outcome = outcome;
      asked.endedInMs = clock.now() - now;
    });
    return asked;
  };
  return { clock, lane, decisions, pass, submit };
}

type Asked = ReturnType<ReturnType<typeof createTimedLane>['submit']>;
const isDone = ({ outcome }: Asked) => outcome?.state === 'done';
const codeOf = ({ outcome }: Asked) => (outcome?.state === 'failed' ? outcome.error.code : 'none');
const known = (...runs: readonly (readonly [rows: number, tookMs: number])[]) =>
  runs.map(([rows, tookMs]) => ({ rows, units: rows, tookMs }));
/** A sweep over a model that takes 100 ms a row. */
const HUNDRED_A_ROW = known([1, 100], [1, 100], [2, 200], [2, 200], [4, 400], [4, 400], [8, 800], [8, 800]);

describe('500 requests at once, each with 2 s, for a model of 100 ms one at a time', () => {
  it('are served as far as time allows; the rest is refused at once and told when to return', async () => {
    const { pass, submit } = createTimedLane((rows) => 100 * rows, {
      batching: { ...ROWS, maxRows: 1 } as typeof ROWS,
      knownRuns: HUNDRED_A_ROW,
    });
    const asked = Array.from({ length: 500 }, () => submit(1, 2_000));
    const refused = asked.filter(({ outcome }) => outcome !== null);
    for (const one of refused) {
      expect(codeOf(one)).toBe('QUEUE_FULL');
      expect(one.endedInMs).toBe(0);
      if (one.outcome?.state === 'failed') expect(one.outcome.error.retryAfterMs).toBeGreaterThan(0);
    }
    await pass(3_000);
    const served = asked.filter(isDone);
    expect(served.length).toBeGreaterThanOrEqual(18);
    expect(served.length + refused.length).toBeGreaterThanOrEqual(499);
    for (const one of served) expect(one.endedInMs).toBeLessThanOrEqual(2_000);
  });
});

describe('a request with too little time for its run', () => {
  it('is refused for good where the model is known, and tried once nothing has run for long', async () => {
    const { pass, submit } = createTimedLane(() => 100, { knownRuns: HUNDRED_A_ROW });
    const first = submit(1, 200);
    await pass(110);
    expect(isDone(first)).toBe(true);
    expect(codeOf(submit(1, 50))).toBe('DEADLINE_EXCEEDED');
    await pass(2_000);
    const tried = submit(1, 50);
    expect(tried.outcome).toBeNull();
    await pass(60);
    expect(codeOf(tried)).toBe('DEADLINE_EXCEEDED');
  });
});

describe('a model that was learned in a bad moment', () => {
  it('is found out though it refuses everything', async () => {
    const { pass, submit } = createTimedLane(() => 10, { knownRuns: HUNDRED_A_ROW });
    let done = 0;
    for (let request = 0; request < 200; request++) {
      const asked = submit(1, 50);
      await pass(100);
      if (isDone(asked)) done += 1;
    }
    expect(done).toBeGreaterThan(100);
  });
});

describe('a process that stood still during one run', () => {
  it('answers as before within a second', async () => {
    let isFrozen = false;
    const { pass, submit } = createTimedLane(() => (isFrozen ? 10_000 : 5), {
      knownRuns: known([1, 5], [1, 5], [2, 5], [4, 5], [8, 5], [8, 5]),
    });
    const ask = async () => {
      const asked = submit(1, 50);
      await pass(10);
      return asked;
    };
    for (let request = 0; request < 50; request++) await ask();
    isFrozen = true;
    await ask();
    isFrozen = false;
    await pass(10_000);
    let done = 0;
    for (let request = 0; request < 100; request++) await ask();
    for (let request = 0; request < 100; request++) if (isDone(await ask())) done += 1;
    expect(done).toBe(100);
  });
});

describe('thousands who wait and whose time is over for any run', () => {
  it('are given up one after the other', async () => {
    let isSlow = false;
    const { pass, submit, clock, lane } = createTimedLane((rows) => (isSlow ? 50_000 : 5 + 0.05 * rows), {
      knownRuns: known([1, 5.05], [1, 5.05], [2, 5.1], [4, 5.2], [8, 5.4], [8, 5.4]),
      limits: { maxEntries: 100_000, maxBytes: 1e9 },
    });
    isSlow = true;
    submit(1);
    clock.turn();
    isSlow = false;
    const asked = Array.from({ length: 20_000 }, () => submit(1, 50_003));
    const waiting = asked.filter(({ outcome }) => outcome === null);
    expect(waiting.length).toBeGreaterThan(5_000);
    clock.advance(50_001);
    await pass(0);
    for (let turn = 0; turn < 5; turn++) await undefined;
    expect(lane.stats()).toMatchObject({ queuedEntries: 0, counts: { dropped: waiting.length } });
  });
});

/** Requests of one row at a steady pace for so long; how many were in time, early and late. */
async function steadily(runMs: (rows: number, now: number) => number, forMs: number, timeoutMs: number) {
  const lane = createTimedLane(runMs);
  const asked: Asked[] = [];
  for (let ms = 0; ms < forMs; ms += 5) {
    asked.push(submitTo(lane, timeoutMs));
    await lane.pass(5);
  }
  await lane.pass(timeoutMs + 100);
  return asked;
}
const submitTo = ({ submit }: ReturnType<typeof createTimedLane>, timeoutMs: number) => submit(1, timeoutMs);

describe('a model that becomes three times as slow', () => {
  it('still serves what it can, and answers nothing late', async () => {
    const asked = await steadily((rows, now) => (4 + rows) * (now > 3_000 ? 3 : 1), 5_000, 60);
    expect(asked.every(({ outcome }) => outcome !== null)).toBe(true);
    for (const one of asked) expect(one.endedInMs).toBeLessThanOrEqual(60);
    const late = asked.slice(-200);
    expect(late.filter(isDone).length).toBeGreaterThan(150);
  });
});

describe('a model that alternates', () => {
  it('is not refused altogether', async () => {
    let runs = 0;
    const asked = await steadily((rows) => (4 + rows) * (++runs % 2 === 0 ? 4 : 1), 4_000, 80);
    expect(asked.filter(isDone).length).toBeGreaterThan(0.8 * asked.length);
  });
});

describe('a large request behind one that bounds its run by time', () => {
  it.each([0.4, 0.45])('is split between rows, where a row takes %d ms', async (rowMs) => {
    const sizes = [1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 64, 64];
    const { pass, submit, decisions } = createTimedLane((rows) => 0.5 + rowMs * rows, {
      batching: { ...ROWS, maxRows: 64 } as typeof ROWS,
      knownRuns: known(...sizes.map((rows) => [rows, 0.5 + rowMs * rows] as const)),
    });
    const asked = [submit(1, 100 * rowMs), submit(200, 5_000)];
    await pass(400);
    expect(asked.every(isDone)).toBe(true);
    const runs = decisions.filter(({ decision }) => decision.rows > 0).map(({ decision }) => decision.rows);
    expect(runs.every(Number.isInteger)).toBe(true);
    expect(runs[0]).toBeLessThan(64);
  });
});

describe('one huge request among small ones', () => {
  it('is answered, and the small ones are not held up by all of it', async () => {
    const { pass, submit } = createTimedLane((rows) => rows, { batching: { ...ROWS, maxRows: 16 } as typeof ROWS });
    const huge = submit(1_000, Number.POSITIVE_INFINITY, { priority: 1 });
    const small: Asked[] = [];
    for (let request = 0; request < 100; request++) {
      await pass(10);
      small.push(submit(1));
    }
    await pass(1_500);
    expect(isDone(huge)).toBe(true);
    expect(small.every(isDone)).toBe(true);
    const waits = small.map(({ endedInMs }) => endedInMs).sort((a, b) => a - b);
    expect(waits[90]).toBeLessThanOrEqual(120);
  });
});

describe('deadlines of any kind', () => {
  it('end in an answer or an error, and leave the lane as it was', async () => {
    const odd = fc.constantFrom(
      -1e12,
      -1,
      0,
      1e-9,
      1e300,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    );
    const priority = fc.constantFrom(-5, 0, 3.7, 15, 16, 1e300, Number.NaN, Number.NEGATIVE_INFINITY);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(odd, priority), { maxLength: 12 }), async (drawn) => {
        const { pass, submit, lane } = createTimedLane((rows) => 2 + rows, {
          knownRuns: known([1, 3], [1, 3], [2, 4], [4, 6], [4, 6], [8, 10]),
        });
        const asked = drawn.map(([timeoutMs, priority]) => submit(1, timeoutMs, { priority }));
        await pass(60);
        for (const [index, one] of asked.entries()) {
          const timeoutMs = drawn[index]![0];
          expect(timeoutMs > 1 || Number.isNaN(timeoutMs) ? answerOf(one.outcome ?? undefined) : codeOf(one)).toEqual(
            timeoutMs > 1 || Number.isNaN(timeoutMs) ? [1] : 'DEADLINE_EXCEEDED',
          );
        }
        expect(lane.stats()).toMatchObject({ queuedEntries: 0, queuedRows: 0, queuedBytes: 0, runningRows: 0 });
      }),
      { numRuns: 50 },
    );
  });
});

describe('the least urgent under a flood of the most urgent', () => {
  it('runs all the same', async () => {
    const { pass, submit } = createTimedLane(() => 10, { policy: { latencyMs: null, size: 'all' } });
    const flood = () => {
      for (let request = 0; request < 12; request++) submit(1);
    };
    flood();
    const last = submit(1, Number.POSITIVE_INFINITY, { priority: 3 });
    for (let burst = 0; burst < 80; burst++) {
      flood();
      await pass(10);
    }
    expect(isDone(last)).toBe(true);
    // Its class may wait 100 · 1.5³ ms, where the most urgent should wait 100.
    expect(last.endedInMs).toBeLessThan(500);
  });
});

describe('whatever comes to a lane that foresees', () => {
  const arrival = fc.record({
    gapMs: fc.integer({ min: 0, max: 12 }),
    rows: fc.integer({ min: 1, max: 12 }),
    timeoutMs: fc.oneof(fc.integer({ min: 1, max: 120 }), fc.constant(Number.POSITIVE_INFINITY)),
    priority: fc.integer({ min: 0, max: 3 }),
  });
  const story = fc.record({
    arrivals: fc.array(arrival, { minLength: 1, maxLength: 40 }),
    instances: fc.integer({ min: 1, max: 2 }),
    latencyMs: fc.constantFrom(null, 20, 200),
    maxDelayMs: fc.constantFrom(0, 0, 7),
    size: fc.constantFrom('efficient' as const, 'all' as const),
    slowFromMs: fc.integer({ min: 1_000, max: 1_300 }),
  });

  it('ends once, in time or with an error; nothing begins past its deadline', async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ arrivals, instances, slowFromMs, ...policy }) => {
        const timed = createTimedLane((rows, now) => (2 + rows) * (now > slowFromMs ? 3 : 1), { instances, policy });
        const asked: Asked[] = [];
        for (const { gapMs, rows, timeoutMs, priority } of arrivals) {
          await timed.pass(gapMs);
          asked.push(timed.submit(rows, timeoutMs, { priority }));
        }
        await timed.pass(3_000);
        for (const one of asked) {
          expect(one.outcome).not.toBeNull();
          expect(one.entry.arrivedAtMs + one.endedInMs).toBeLessThanOrEqual(one.entry.deadlineAtMs);
        }
        const deadlines = new Map(asked.map(({ entry }) => [entry.id, entry.deadlineAtMs]));
        for (const { now, decision } of timed.decisions) {
          expect(decision.rows).toBeLessThanOrEqual(Math.max(8, ...decision.seats.map((seat) => seat.rows)));
          for (const { id } of decision.seats) expect(deadlines.get(id)).toBeGreaterThan(now);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('runs that were made before', () => {
  it('make the first request meet a model that knows', () => {
    const latencyModel = new LinearLatencyModel();
    createTimedLane(() => 1, { latencyModel, knownRuns: HUNDRED_A_ROW });
    expect(latencyModel.predict({ rows: 3, units: 3 })).toBeCloseTo(300, 0);
    expect(latencyModel.isReliable).toBe(true);
  });
});
