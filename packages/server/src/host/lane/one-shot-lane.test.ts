import { type Entry, JitneyError, type Lane, type Outcome } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { createOneShotLane, type OneShotLaneOptions } from './one-shot-lane.js';
import { ProcessRuns } from './process-runs.js';
import { BAD, DoublingExecutor } from './testing/doubling-executor.js';
import { answerOf, entryOf, entryWith, ROWS, tensorOf, WHOLE } from './testing/entries.js';
import { latencyOf } from './testing/latency.js';
import { ManualClock } from './testing/manual-clock.js';

function createLane(mode: 'held' | 'at once', given: Partial<OneShotLaneOptions> = {}) {
  const clock = new ManualClock();
  const executor = new DoublingExecutor(mode);
  const limits = { maxEntries: 1_000, maxBytes: 1_000_000 };
  const lane = createOneShotLane({ batching: ROWS, instances: 1, limits, clock, executor, ...given });
  const submit = (entry: Entry) => submitTo(lane, entry);
  /** Submits single rows, and ends the turn. */
  const arrive = (...values: number[]) => {
    const tickets = values.map((value) => submit(entryOf([value])));
    clock.turn();
    return tickets;
  };
  return { clock, executor, lane, submit, arrive };
}

function submitTo(lane: Lane, entry: Entry) {
  const outcomes: Outcome[] = [];
  lane.submit(entry, (outcome) => outcomes.push(outcome));
  return {
    id: entry.id,
    outcomes,
    get answer() {
      return answerOf(outcomes[0]);
    },
    get error(): JitneyError {
      const [outcome] = outcomes;
      if (outcome?.state !== 'failed') throw new Error(`entry ${entry.id} did not fail`);
      return outcome.error;
    },
    get timing() {
      const [outcome] = outcomes;
      if (outcome?.state !== 'done') throw new Error(`entry ${entry.id} is not done`);
      return outcome.timing;
    },
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('a lane with a free instance', () => {
  it('runs the arrivals of one turn of the loop together', () => {
    const { executor, submit, clock } = createLane('at once');
    const tickets = [1, 2, 3].map((value) => submit(entryOf([value])));
    expect(executor.batches).toEqual([]);
    clock.turn();
    expect(executor.batches).toEqual([[1, 2, 3]]);
    expect(tickets.map((ticket) => ticket.answer)).toEqual([[2], [4], [6]]);
  });

  it('answers short runs without a promise', () => {
    const { arrive } = createLane('at once');
    expect(arrive(21)[0]?.answer).toEqual([42]);
  });

  it('gives an entry that runs by itself to the model as it came', () => {
    const { executor, submit, clock } = createLane('held');
    const tensors = [tensorOf([1, 2])];
    submit(entryWith(tensors, 2));
    clock.turn();
    expect(executor.only.batch.tensors).toBe(tensors);
  });

  it('makes no more than a quarter of a millisecond of short runs before the loop has its turn', () => {
    const { clock, executor, submit } = createLane('at once', { batching: WHOLE });
    const { run } = executor;
    executor.run = (batch, signal) => {
      clock.pass(0.1);
      return run.call(executor, batch, signal);
    };
    for (const value of range(0, 7)) submit(entryOf([value]));
    clock.nextTurn();
    expect(executor.batches).toHaveLength(3);
    clock.nextTurn();
    expect(executor.batches).toHaveLength(6);
    clock.turn();
    expect(executor.batches).toHaveLength(7);
  });
});

describe('a lane whose instance is busy', () => {
  it('forms full batches of 32 requests in their order, and each row equals itself alone', async () => {
    const { executor, arrive } = createLane('held');
    const tickets = [...arrive(0), ...arrive(...range(1, 32))];
    while (executor.held.length > 0) await executor.only.release();
    expect(executor.batches).toEqual([[0], range(1, 9), range(9, 17), range(17, 25), range(25, 32)]);
    for (const [value, ticket] of tickets.entries()) {
      const alone = createLane('at once').arrive(value)[0];
      expect(ticket.answer).toEqual(alone?.answer);
    }
  });

  it('asks for no turn of the loop, since the end of the run comes first', () => {
    const { submit, clock, arrive } = createLane('held');
    arrive(0);
    submit(entryOf([1]));
    expect(clock.isTurnAwaited).toBe(false);
  });

  it('gives the instance its next run before the answers of the last one go out', async () => {
    const { executor, lane, clock } = createLane('held');
    const runsWhenAnswered: number[] = [];
    for (const value of [1, 2]) {
      lane.submit(entryOf([value]), () => runsWhenAnswered.push(executor.batches.length));
      clock.turn();
    }
    await executor.only.release();
    await executor.only.release();
    expect(runsWhenAnswered).toEqual([2, 2]);
  });

  it('answers in the order of the runs where the next one is made at once', async () => {
    const { executor, lane, clock } = createLane('held');
    const answered: number[] = [];
    for (const value of [1, 2, 3]) {
      lane.submit(entryOf([value]), () => answered.push(value));
      clock.turn();
    }
    await executor.releaseAll();
    expect(answered).toEqual([1, 2, 3]);
  });

  it('counts rows, not requests', async () => {
    const { executor, submit, clock, arrive } = createLane('held');
    arrive(0);
    submit(entryOf([1, 1, 1]));
    submit(entryOf([2, 2, 2, 2]));
    const third = submit(entryOf([3, 3]));
    submit(entryOf([4]));
    clock.turn();
    await executor.only.release();
    expect(executor.only.values).toEqual([1, 1, 1, 2, 2, 2, 2]);
    await executor.only.release();
    expect(executor.only.values).toEqual([3, 3, 4]);
    await executor.only.release();
    expect(third.answer).toEqual([6, 6]);
    expect(third.timing.batchRows).toBe(3);
  });

  it('lets the more urgent run first, and the less urgent ride along', async () => {
    const { executor, submit, arrive } = createLane('held');
    arrive(0);
    for (const value of range(1, 6)) submit(entryOf([value], { priority: 3 }));
    for (const value of range(11, 16)) submit(entryOf([value], { priority: 1 }));
    await executor.only.release();
    expect(executor.only.values).toEqual([11, 12, 13, 14, 15, 1, 2, 3]);
  });
});

describe('several instances', () => {
  it('run at the same time, and their answers come as they finish', async () => {
    const { executor, arrive } = createLane('held', { instances: 2 });
    const [first] = arrive(1);
    const [second] = arrive(2);
    const [third] = arrive(3);
    expect(executor.batches).toEqual([[1], [2]]);
    await executor.held[1]?.release();
    expect([first?.answer, second?.answer]).toEqual(['nothing yet', [4]]);
    expect(executor.batches).toEqual([[1], [2], [3]]);
    await executor.releaseAll();
    expect([first?.answer, third?.answer]).toEqual([[2], [6]]);
  });
});

describe('two free instances', () => {
  it('both begin in the same turn, though the second has less to do', () => {
    const { executor, submit, clock } = createLane('held', { instances: 2 });
    for (const value of range(0, 9)) submit(entryOf([value]));
    clock.nextTurn();
    expect(executor.batches).toEqual([range(0, 8), [8]]);
  });
});

describe('entries whose tensors differ in shape', () => {
  it('never share a run, and each keeps its place', async () => {
    const { executor, submit, clock, arrive } = createLane('held');
    arrive(0);
    const narrow = submit(entryOf([1]));
    const wide = submit(entryWith([tensorOf([5, 6, 7], { width: 3 })], 1));
    submit(entryOf([2]));
    clock.turn();
    await executor.only.release();
    expect(executor.only.values).toEqual([1, 2]);
    await executor.only.release();
    expect(executor.only.values).toEqual([5, 6, 7]);
    await executor.only.release();
    expect([narrow.answer, wide.answer]).toEqual([[2], [10, 12, 14]]);
  });

  it('run as they came where their rows cannot be told', () => {
    const { executor, submit, clock } = createLane('at once');
    const ragged = () => [tensorOf([1, 2]), tensorOf([1, 2, 3], { name: 'b' })];
    submit(entryWith(ragged(), 2));
    submit(entryWith(ragged(), 2));
    clock.turn();
    expect(executor.batches).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});

describe('inputs that all rows share', () => {
  const batching = { ...ROWS, shared: ['scale'] } as typeof ROWS;
  const scaled = (value: number, scale: number) => {
    const tensors = [tensorOf([value]), tensorOf([scale], { name: 'scale' })];
    return entryWith(tensors, 1, { compatibility: `x${scale}` });
  };

  it('are given once, and only those with the same ones ride together', () => {
    const { executor, submit, clock } = createLane('held', { batching, instances: 2 });
    for (const entry of [scaled(1, 10), scaled(2, 20), scaled(3, 10)]) submit(entry);
    clock.turn();
    const inputs = executor.held.map(({ batch }) => batch.tensors.map((tensor) => [...tensor.shape, ...tensor.data]));
    expect(inputs).toEqual([
      [
        [2, 1, 1, 3],
        [1, 1, 10],
      ],
      [
        [1, 1, 2],
        [1, 1, 20],
      ],
    ]);
  });
});

describe('a model that may not share runs', () => {
  it('gets every request as it came, whatever its rows', () => {
    const { executor, submit, clock } = createLane('at once', { batching: WHOLE });
    const large = submit(entryOf(range(0, 20), { rows: 1 }));
    submit(entryOf([1], { rows: 1 }));
    clock.turn();
    expect(executor.batches).toEqual([range(0, 20), [1]]);
    expect(large.answer).toEqual(range(0, 20).map((value) => 2 * value));
  });
});

describe('a request of no rows', () => {
  it('is run as it came, with nobody else', () => {
    const { executor, submit, clock, lane } = createLane('at once');
    const empty = submit(entryOf([]));
    const other = submit(entryOf([1]));
    clock.turn();
    expect(executor.batches).toEqual([[], [1]]);
    expect([empty.answer, other.answer]).toEqual([[], [2]]);
    expect(lane.stats()).toMatchObject({ queuedEntries: 0, queuedRows: 0 });
  });
});

describe('a request larger than a run may be', () => {
  it('is split, and joined in the order of its rows whichever part ends first', async () => {
    const { executor, submit, clock } = createLane('held', { instances: 2 });
    const large = submit(entryOf(range(0, 12)));
    clock.turn();
    expect(executor.batches).toEqual([range(0, 8), range(8, 12)]);
    await executor.held[1]?.release();
    expect(large.answer).toBe('nothing yet');
    await executor.only.release();
    expect(large.answer).toEqual(range(0, 12).map((value) => 2 * value));
  });

  it('tells the largest of the runs it was in', async () => {
    const { executor, submit, clock } = createLane('at once');
    const large = submit(entryOf(range(0, 12)));
    clock.turn();
    expect(executor.batches.map((rows) => rows.length)).toEqual([8, 4]);
    expect(large.timing.batchRows).toBe(8);
  });

  it('fills what room others leave, and others fill what it leaves', () => {
    const { executor, submit, clock } = createLane('at once');
    submit(entryOf([100, 101, 102]));
    submit(entryOf(range(0, 12)));
    submit(entryOf([200]));
    clock.turn();
    expect(executor.batches).toEqual([
      [100, 101, 102, ...range(0, 5)],
      [200, ...range(5, 12)],
    ]);
  });

  it('fails as a whole when one part fails, and its other parts do not run', async () => {
    const { executor, submit, clock, lane } = createLane('held');
    const large = submit(entryOf([BAD, ...range(1, 30)]));
    clock.turn();
    await executor.only.release();
    expect(large.error.code).toBe('MODEL_ERROR');
    expect(executor.held).toEqual([]);
    expect(lane.stats()).toMatchObject({ queuedEntries: 0, queuedRows: 0, queuedBytes: 0 });
  });

  it('fails clearly when its parts were answered in shapes that do not fit', async () => {
    const { executor, submit, clock } = createLane('held');
    const large = submit(entryOf(range(0, 12)));
    clock.turn();
    await executor.only.release();
    const { shape } = executor.only.batch.tensors[0] as { shape: readonly number[] };
    const wider = tensorOf(range(0, 8), { name: 'y', width: 2 });
    expect(shape).toEqual([4, 1]);
    await executor.only.releaseWith([wider, wider]);
    expect(large.error).toMatchObject({ code: 'MODEL_ERROR' });
    expect(large.error.message).toMatch(/'y' has the shape \[8,1\].*\[4,2\]/);
  });
});

describe('a run that fails', () => {
  it('is repeated row by row, so that one bad row fails alone', async () => {
    const { executor, arrive } = createLane('held');
    arrive(0);
    const tickets = arrive(1, 2, BAD, 4);
    await executor.releaseAll();
    expect(executor.batches).toEqual([[0], [1, 2, BAD, 4], [1], [2], [BAD], [4]]);
    expect(tickets.map((ticket) => ticket.answer)).toEqual([[2], [4], 'MODEL_ERROR', [8]]);
    expect(tickets[0]?.timing.batchRows).toBe(1);
  });

  it.each(['INVALID_ARGUMENT', 'MODEL_ERROR'] as const)('with %s is repeated', async (code) => {
    const { executor, arrive } = createLane('held');
    const tickets = arrive(1, 2);
    await executor.only.fail(new JitneyError(code, 'no'));
    await executor.releaseAll();
    expect(tickets.map((ticket) => ticket.answer)).toEqual([[2], [4]]);
  });

  it('is repeated before anything new runs', async () => {
    const { executor, arrive } = createLane('held');
    arrive(1, BAD);
    arrive(3);
    while (executor.held.length > 0) await executor.only.release();
    expect(executor.batches).toEqual([[1, BAD], [1], [BAD], [3]]);
  });

  it('repeats the part of a split entry that was in it, and no other', async () => {
    const { executor, submit, clock } = createLane('at once');
    const bad = submit(entryOf([BAD]));
    const large = submit(entryOf(range(0, 12)));
    clock.turn();
    expect(executor.batches).toEqual([[BAD, ...range(0, 7)], [BAD], range(0, 7), range(7, 12)]);
    expect(bad.answer).toBe('MODEL_ERROR');
    expect(large.answer).toEqual(range(0, 12).map((value) => 2 * value));
  });

  it('is not repeated for those who left meanwhile', async () => {
    const { executor, arrive, lane } = createLane('held');
    const tickets = arrive(1, BAD, 3);
    lane.cancel(tickets[0]?.id as number);
    const { only } = executor;
    await only.release();
    lane.cancel(tickets[2]?.id as number);
    await executor.releaseAll();
    expect(executor.batches).toEqual([[1, BAD, 3], [BAD]]);
    expect(tickets.map((ticket) => ticket.answer)).toEqual(['CANCELLED', 'MODEL_ERROR', 'CANCELLED']);
  });

  it('keeps nothing of those who leave while others are repeated before them', async () => {
    const { executor, arrive, lane } = createLane('held');
    const tickets = arrive(1, BAD, 3);
    await executor.only.release();
    lane.cancel(tickets[2]?.id as number);
    expect(lane.stats().queuedEntries).toBe(1);
    await executor.releaseAll();
    expect(executor.batches).toEqual([[1, BAD, 3], [1], [BAD]]);
  });

  it.each(['USER_CODE_ERROR', 'MODEL_NOT_READY'] as const)('with %s ends all that were in it', async (code) => {
    const { executor, arrive } = createLane('held');
    const tickets = arrive(1, 2);
    await executor.only.fail(new JitneyError(code, 'no'));
    expect(tickets.map((ticket) => ticket.answer)).toEqual([code, code]);
    expect(executor.batches).toEqual([[1, 2]]);
  });

  it('by something that is no JitneyError is a defect, with the original as its cause', async () => {
    const { executor, arrive } = createLane('held');
    const [ticket] = arrive(1);
    const cause = new TypeError('x is not a function');
    await executor.only.fail(cause);
    expect(ticket?.error).toMatchObject({ code: 'INTERNAL', cause });
  });

  it.each([undefined, null, [undefined], [{ name: 'y' }]])(
    'by giving %j is a defect, and ends no process',
    async (outputs) => {
      const { executor, arrive, lane } = createLane('held');
      const tickets = arrive(1, 2);
      await executor.only.releaseWith(outputs as never);
      expect(tickets.map((ticket) => ticket.error.code)).toEqual(['INTERNAL', 'INTERNAL']);
      expect(lane.stats().runningRows).toBe(0);
    },
  );

  it('leaves the instance free', async () => {
    const { executor, arrive } = createLane('held');
    arrive(BAD);
    await executor.only.release();
    const [next] = arrive(1);
    await executor.only.release();
    expect(next?.answer).toEqual([2]);
  });
});

describe('outputs without a row for each row', () => {
  it('fail no one whom the model answers alone', async () => {
    const { executor, arrive } = createLane('held');
    const tickets = arrive(1, 2);
    await executor.only.releaseWith([tensorOf([7], { name: 'y' })]);
    await executor.only.release();
    await executor.only.release();
    expect(tickets.map((ticket) => ticket.answer)).toEqual([[2], [4]]);
  });

  it('fail a request that had to be split, with the shapes', async () => {
    const { executor, submit, clock } = createLane('held');
    const large = submit(entryOf(range(0, 12)));
    clock.turn();
    await executor.only.releaseWith([tensorOf([7], { name: 'y' })]);
    expect(large.error.code).toBe('MODEL_ERROR');
    expect(large.error.message).toMatch(/'y' has the shape \[1,1\] where a run of 8 rows/);
  });

  it('are the answer of a request that ran by itself', async () => {
    const { executor, submit, clock } = createLane('held');
    const ticket = submit(entryOf([1, 2, 3]));
    clock.turn();
    await executor.only.releaseWith([tensorOf([6], { name: 'sum' })]);
    expect(ticket.answer).toEqual([6]);
  });
});

describe('requested outputs', () => {
  it('are run in union, and each gets its own in its order', async () => {
    const { executor, submit, clock } = createLane('held');
    const one = submit(entryOf([1], { outputs: ['z'] }));
    const both = submit(entryOf([2], { outputs: ['y', 'z'] }));
    clock.turn();
    expect(executor.only.batch.outputs).toEqual(['z', 'y']);
    await executor.only.release();
    expect([
      answerOf(one.outcomes[0]),
      one.outcomes.map((outcome) => 'outputs' in outcome && outcome.outputs.length),
    ]).toEqual([[1001], [1]]);
    expect([answerOf(both.outcomes[0], 0), answerOf(both.outcomes[0], 1)]).toEqual([[4], [1002]]);
  });

  it('are all as soon as one wants all', async () => {
    const { executor, submit, clock } = createLane('held');
    const one = submit(entryOf([1], { outputs: ['z'] }));
    const all = submit(entryOf([2]));
    clock.turn();
    expect(executor.only.batch.outputs).toBeNull();
    await executor.only.release();
    expect([one.answer, all.answer, answerOf(all.outcomes[0], 1)]).toEqual([[1001], [4], [1002]]);
  });

  it('are views of what the run gave', async () => {
    const { executor, arrive } = createLane('held');
    const tickets = arrive(1, 2);
    const y = tensorOf([10, 20], { name: 'y' });
    await executor.only.releaseWith([y]);
    const [outcome] = tickets[1]?.outcomes ?? [];
    const data = outcome?.state === 'done' ? (outcome.outputs[0]?.data as Float32Array) : null;
    expect(data?.buffer).toBe((y.data as Float32Array).buffer);
  });
});

describe('a full queue', () => {
  it('refuses at once, says when to return, and takes again when there is room', async () => {
    const { executor, submit, arrive, clock } = createLane('held', { limits: { maxEntries: 2, maxBytes: 1e6 } });
    arrive(0);
    arrive(1, 2);
    const refused = submit(entryOf([3]));
    expect(refused.error.code).toBe('QUEUE_FULL');
    expect(refused.error.message).toContain('Exceeds maximum queue size');
    expect(refused.error.retryAfterMs).toBeGreaterThan(0);
    await executor.only.release();
    const taken = submit(entryOf([4]));
    clock.turn();
    await executor.releaseAll();
    expect(taken.answer).toEqual([8]);
  });

  it('counts bytes too', () => {
    const { submit, arrive } = createLane('held', { limits: { maxEntries: 10, maxBytes: 10 } });
    arrive(0);
    arrive(1, 2);
    expect(submit(entryOf([3])).error.code).toBe('QUEUE_FULL');
  });

  it('refuses for good what could never wait', () => {
    const { submit } = createLane('held', { limits: { maxEntries: 10, maxBytes: 10 } });
    const { error } = submit(entryOf([1, 2, 3]));
    expect(error.code).toBe('TOO_LARGE');
    expect(error.message).toMatch(/12 bytes.*10.*queue\.maxBytes/);
  });
});

describe('a deadline', () => {
  it('that has passed already is an error at once', () => {
    const { submit, clock } = createLane('held');
    expect(submit(entryOf([1], { deadlineAtMs: clock.now() })).answer).toBe('DEADLINE_EXCEEDED');
  });

  it('ends an entry that waits at that very moment, and frees its place', () => {
    const { submit, arrive, clock, lane } = createLane('held');
    arrive(0);
    const ticket = submit(entryOf([1], { deadlineAtMs: clock.now() + 50 }));
    clock.advance(49);
    expect(ticket.answer).toBe('nothing yet');
    clock.advance(1);
    expect(ticket.error.code).toBe('DEADLINE_EXCEEDED');
    expect(ticket.error.message).toMatch(/Request timeout expired: it waited 50 ms .* had not begun/);
    expect(lane.stats().queuedEntries).toBe(0);
  });

  it('ends an entry that runs, and the run only if nobody else is in it', async () => {
    const { executor, submit, clock } = createLane('held');
    const early = submit(entryOf([1], { deadlineAtMs: clock.now() + 10 }));
    const late = submit(entryOf([2], { deadlineAtMs: clock.now() + 20 }));
    clock.turn();
    const run = executor.only;
    clock.advance(10);
    expect([early.answer, late.answer, run.signal.aborted]).toEqual(['DEADLINE_EXCEEDED', 'nothing yet', false]);
    clock.advance(10);
    expect([late.answer, run.signal.aborted]).toEqual(['DEADLINE_EXCEEDED', true]);
    await run.release();
    expect([early.outcomes.length, late.outcomes.length]).toEqual([1, 1]);
  });

  it('that passed while the loop was held keeps the entry from running', () => {
    const { executor, submit, clock } = createLane('at once');
    const late = submit(entryOf([1], { deadlineAtMs: clock.now() + 10 }));
    const other = submit(entryOf([2]));
    clock.pass(10);
    clock.turn();
    expect(executor.batches).toEqual([[2]]);
    expect([late.answer, other.answer]).toEqual(['DEADLINE_EXCEEDED', [4]]);
  });

  it('needs one timer for all, at the earliest', () => {
    const { submit, arrive, clock } = createLane('held');
    arrive(0);
    const deadlines = [30, 10, 20].map((ms) => submit(entryOf([1], { deadlineAtMs: clock.now() + ms })));
    expect(clock.alarms).toBe(1);
    clock.advance(15);
    expect(deadlines.map((ticket) => ticket.outcomes.length)).toEqual([0, 1, 0]);
    clock.advance(15);
    expect(deadlines.map((ticket) => ticket.outcomes.length)).toEqual([1, 1, 1]);
    expect(clock.alarms).toBe(0);
  });

  it.each([Number.NaN, Number.MAX_VALUE])('of %d does no harm', async (deadlineAtMs) => {
    const { executor, submit, clock } = createLane('held');
    const odd = submit(entryOf([1], { deadlineAtMs }));
    const other = submit(entryOf([2], { deadlineAtMs: clock.now() + 10 }));
    clock.turn();
    clock.advance(10);
    await executor.only.release();
    expect([odd.answer, other.answer]).toEqual([[2], 'DEADLINE_EXCEEDED']);
  });
});

describe('cancelling', () => {
  it('frees the place in the queue at once', () => {
    const { arrive, lane } = createLane('held');
    arrive(0);
    const [waiting] = arrive(1);
    lane.cancel(waiting?.id as number);
    expect(waiting?.answer).toBe('CANCELLED');
    expect(lane.stats()).toMatchObject({ queuedEntries: 0, queuedRows: 0, queuedBytes: 0 });
  });

  it('before the turn ends lets the entry not run at all', () => {
    const { executor, submit, clock, lane } = createLane('at once');
    lane.cancel(submit(entryOf([1])).id);
    clock.turn();
    expect(executor.batches).toEqual([]);
  });

  it('aborts a run when every entry in it has left, and not before', () => {
    const { executor, arrive, lane } = createLane('held');
    const [first, second] = arrive(1, 2);
    lane.cancel(first?.id as number);
    expect(executor.only.signal.aborted).toBe(false);
    lane.cancel(second?.id as number);
    expect(executor.only.signal.aborted).toBe(true);
  });

  it('from within a run that answers at once does not abort the next', () => {
    const { executor, lane, clock, submit } = createLane('at once');
    const { run } = executor;
    const aborted: boolean[] = [];
    const first = submit(entryOf([1]));
    executor.run = (batch, signal) => {
      aborted.push(signal.aborted);
      lane.cancel(first.id);
      return run.call(executor, batch, signal);
    };
    clock.turn();
    const second = submit(entryOf([2]));
    clock.turn();
    expect([first.answer, second.answer, aborted]).toEqual(['CANCELLED', [4], [false, false]]);
  });

  it('while its run is announced ends it once, and takes nobody along', () => {
    const { executor, submit, clock, lane } = createLane('at once');
    executor.beforeRun = ([id]) => lane.cancel(id as number);
    const [first, second] = [submit(entryOf([1])), submit(entryOf([2]))];
    clock.turn();
    expect([first.outcomes, second.outcomes].map((outcomes) => outcomes.length)).toEqual([1, 1]);
    expect([first.answer, second.answer]).toEqual(['CANCELLED', [4]]);
  });

  it('leaves the instance taken until the run has really ended', async () => {
    const { executor, arrive, lane } = createLane('held');
    const [first] = arrive(1);
    lane.cancel(first?.id as number);
    arrive(2);
    expect(executor.batches).toEqual([[1]]);
    expect(lane.stats().runningRows).toBe(1);
    await executor.only.fail(new JitneyError('CANCELLED', 'aborted'));
    expect(executor.batches).toEqual([[1], [2]]);
    expect(first?.outcomes).toHaveLength(1);
  });

  it('ends every part of a split entry', () => {
    const { executor, submit, clock, lane } = createLane('held', { instances: 2 });
    const large = submit(entryOf(range(0, 40)));
    clock.turn();
    lane.cancel(large.id);
    expect(executor.held.map((run) => run.signal.aborted)).toEqual([true, true]);
    expect(lane.stats()).toMatchObject({ queuedEntries: 0, queuedRows: 0, queuedBytes: 0 });
    expect(large.outcomes).toHaveLength(1);
  });

  it('others when one is told of its end is fine, though they were in the same run', async () => {
    const { executor, lane, clock } = createLane('held');
    const [first, second] = [entryOf([1]), entryOf([2])];
    const outcomes: string[] = [];
    lane.submit(first, () => {
      outcomes.push('first');
      lane.cancel(second.id);
    });
    lane.submit(second, (outcome) => outcomes.push(String(answerOf(outcome))));
    clock.turn();
    await executor.only.release();
    expect(outcomes).toEqual(['first', 'CANCELLED']);
  });

  it('others when one expires is fine, though they were about to run or to expire', () => {
    const { executor, lane, clock } = createLane('at once');
    const timed = { deadlineAtMs: clock.now() + 5 };
    const entries = [entryOf([1], timed), entryOf([2], timed), entryOf([3])];
    const outcomes: (readonly [number, unknown])[] = [];
    for (const [place, { id }] of entries.entries()) {
      lane.submit(entries[place] as Entry, (outcome) => {
        outcomes.push([place, answerOf(outcome)]);
        for (const other of entries) if (other.id !== id) lane.cancel(other.id);
      });
    }
    clock.pass(5);
    clock.turn();
    expect(outcomes).toEqual([
      [0, 'DEADLINE_EXCEEDED'],
      [1, 'CANCELLED'],
      [2, 'CANCELLED'],
    ]);
    expect(executor.batches).toEqual([]);
  });

  it('what has ended, or never was, changes nothing', () => {
    const { arrive, lane } = createLane('at once');
    const [done] = arrive(1);
    lane.cancel(done?.id as number);
    lane.cancel(-1);
    expect(done?.outcomes).toHaveLength(1);
  });
});

describe('an entry that must run alone', () => {
  it('waits for what runs, keeps others back, and shares no run', async () => {
    const { executor, submit, clock, arrive } = createLane('held', { instances: 2 });
    arrive(0);
    const suspect = submit(entryOf([1], { alone: true }));
    submit(entryOf([2]));
    clock.turn();
    expect(executor.batches).toEqual([[0]]);
    await executor.only.release();
    expect(executor.batches).toEqual([[0], [1]]);
    arrive(3);
    expect(executor.batches).toEqual([[0], [1]]);
    await executor.only.release();
    expect(suspect.answer).toEqual([2]);
    expect(executor.batches).toEqual([[0], [1], [2, 3]]);
  });

  it('does not hold others back once it is cancelled', () => {
    const { executor, submit, clock, arrive, lane } = createLane('held', { instances: 2 });
    arrive(0);
    const suspect = submit(entryOf([1], { alone: true }));
    submit(entryOf([2]));
    clock.turn();
    lane.cancel(suspect.id);
    clock.turn();
    expect(executor.batches).toEqual([[0], [2]]);
  });

  it('waits for the other lanes of its process, and they for it', async () => {
    const processRuns = new ProcessRuns();
    const ours = createLane('held', { processRuns });
    const theirs = createLane('held', { processRuns });
    theirs.arrive(0);
    ours.submit(entryOf([1], { alone: true }));
    ours.clock.turn();
    theirs.arrive(2);
    await theirs.executor.only.release();
    expect(theirs.executor.batches).toEqual([[0]]);
    ours.clock.turn();
    expect(ours.executor.batches).toEqual([[1]]);
    theirs.clock.turn();
    expect(theirs.executor.batches).toEqual([[0]]);
    await ours.executor.only.release();
    theirs.clock.turn();
    expect(theirs.executor.batches).toEqual([[0], [2]]);
  });

  it('is split where it is too large, each part alone', async () => {
    const { executor, submit, clock } = createLane('held', { instances: 2 });
    submit(entryOf(range(0, 12), { alone: true }));
    clock.turn();
    expect(executor.batches).toEqual([range(0, 8)]);
    await executor.only.release();
    expect(executor.batches).toEqual([range(0, 8), range(8, 12)]);
  });
});

describe('announcing runs', () => {
  const quick = latencyOf(() => 0.05);
  const slow = latencyOf(() => 5);

  it('names the entries before the run begins', () => {
    const { executor, submit, clock } = createLane('held', { latencyModel: slow });
    const ids = [submit(entryOf([1])).id, submit(entryOf([2])).id];
    clock.turn();
    expect(executor.log).toEqual([ids, 'run']);
  });

  it('names those in runs whose time is not known yet', () => {
    const { executor, arrive } = createLane('at once');
    const [ticket] = arrive(1);
    expect(executor.log).toEqual([[ticket?.id], 'run']);
  });

  it('leaves out short runs, but not of one that must be alone', () => {
    const { executor, submit, clock, arrive } = createLane('at once', { latencyModel: quick });
    arrive(1);
    const suspect = submit(entryOf([2], { alone: true }));
    clock.turn();
    expect(executor.log).toEqual(['run', [suspect.id], 'run']);
  });

  it('leaves out none where several runs may be in flight', () => {
    const { executor, arrive } = createLane('at once', { latencyModel: quick, instances: 2 });
    const [ticket] = arrive(1);
    expect(executor.log).toEqual([[ticket?.id], 'run']);
  });
});

describe('timing', () => {
  it('holds the moments of an entry and the rows it ran with', async () => {
    const { executor, submit, clock, arrive } = createLane('held');
    arrive(0);
    const enqueuedAtMs = clock.now();
    const ticket = submit(entryOf([1, 2]));
    submit(entryOf([3]));
    clock.advance(5);
    await executor.only.release();
    clock.advance(7);
    await executor.only.release();
    expect(ticket.timing).toEqual({
      enqueuedAtMs,
      startedAtMs: enqueuedAtMs + 5,
      finishedAtMs: enqueuedAtMs + 12,
      batchRows: 3,
      boundBy: 'waiting',
    });
  });
});

describe('stats', () => {
  it('are zero for a lane at rest', () => {
    expect(createLane('held').lane.stats()).toEqual({
      queuedEntries: 0,
      queuedRows: 0,
      queuedBytes: 0,
      runningRows: 0,
      oldestRunMs: 0,
      expectedWaitMs: 0,
      counts: expect.any(Object),
    });
  });

  it('count what waits and what runs', () => {
    const { submit, clock, arrive, lane } = createLane('held');
    arrive(0);
    submit(entryOf([1, 2, 3]));
    submit(entryOf([4]));
    clock.advance(30);
    expect(lane.stats()).toMatchObject({
      queuedEntries: 2,
      queuedRows: 4,
      queuedBytes: 16,
      runningRows: 1,
      oldestRunMs: 30,
    });
  });

  it('tell the wait by what the latency model says of the runs ahead', () => {
    const latencyModel = latencyOf(({ rows }: { rows: number }) => 10 + rows);
    const { submit, clock, arrive, lane } = createLane('held', { latencyModel });
    arrive(0);
    expect(lane.stats().expectedWaitMs).toBe(11);
    clock.advance(4);
    expect(lane.stats().expectedWaitMs).toBe(7);
    for (const value of range(0, 17)) submit(entryOf([value]));
    expect(lane.stats().expectedWaitMs).toBe(7 + 2 * 18);
  });
});

describe('the latency model', () => {
  it('learns from runs that succeed, and from no other', async () => {
    const seen: unknown[] = [];
    const latencyModel = latencyOf(() => 0, { observe: (work, ms) => seen.push([work, ms]) });
    const { executor, submit, clock, arrive } = createLane('held', { latencyModel });
    submit(entryOf([1, 2], { cost: 30 }));
    clock.turn();
    clock.advance(8);
    await executor.only.release();
    arrive(BAD);
    await executor.only.release();
    expect(seen).toEqual([[{ rows: 2, units: 30 }, 8]]);
  });
});

describe('a caller that is told of an end', () => {
  it('may submit the next at once', () => {
    const { lane, clock, executor } = createLane('at once');
    const answers: unknown[] = [];
    const submitNext = (value: number) =>
      lane.submit(entryOf([value]), (outcome) => {
        answers.push(answerOf(outcome));
        if (value < 4) submitNext(value + 1);
      });
    submitNext(1);
    clock.turn();
    expect(answers).toEqual([[2], [4], [6], [8]]);
    expect(executor.batches).toHaveLength(4);
  });
});

describe('draining', () => {
  it('finishes what the lane holds and takes no more', async () => {
    const { executor, submit, clock, arrive, lane } = createLane('held');
    const [running] = arrive(1);
    const waiting = submit(entryOf([2], { deadlineAtMs: clock.now() + 1e6 }));
    let isDrained = false;
    const drained = lane.drain().then(() => {
      isDrained = true;
    });
    expect(submit(entryOf([3])).answer).toBe('SHUTTING_DOWN');
    await executor.only.release();
    expect([running?.answer, isDrained]).toEqual([[2], false]);
    await executor.only.release();
    await drained;
    expect(waiting.answer).toEqual([4]);
    expect(clock.alarms).toBe(0);
  });

  it('waits for runs that everybody left', async () => {
    const { executor, arrive, lane } = createLane('held');
    const [only] = arrive(1);
    lane.cancel(only?.id as number);
    let isDrained = false;
    const drained = lane.drain().then(() => {
      isDrained = true;
    });
    await Promise.resolve();
    expect(isDrained).toBe(false);
    await executor.only.fail(new JitneyError('CANCELLED', 'aborted'));
    await drained;
  });

  it('is done at once where there is nothing, and more than once', async () => {
    const { lane, submit, clock } = createLane('held');
    await lane.drain();
    await lane.drain();
    expect(submit(entryOf([1], { deadlineAtMs: clock.now() + 1 })).answer).toBe('SHUTTING_DOWN');
  });
});

describe('a caller that breaks the contract', () => {
  it('hears of an id that is in the lane already', () => {
    const { lane, submit } = createLane('held');
    const entry = entryOf([1]);
    submit(entry);
    expect(() => lane.submit(entry, () => {})).toThrow(/bug in Jitney.*submitted/);
  });
});
