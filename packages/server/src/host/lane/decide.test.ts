import type { Entry } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, decide, type Instances, type RunView, type Situation } from './decide.js';
import { DEFAULT_POLICY } from './one-shot-lane.js';
import { RequestQueue } from './request-queue.js';
import type { BatchPolicy } from './rules/row-bound.js';
import { entryOf, entryWith, tensorOf } from './testing/entries.js';
import { latencyOf } from './testing/latency.js';
import { Ticket } from './ticket.js';

const NOW = 1_000;
const IDLE: Instances = { total: 1, running: [], lastEndAtMs: NOW - 1, runningElsewhere: 0, isReserved: false };
const RUN: RunView = { startedAtMs: NOW - 5, expectedEndAtMs: NOW + 5, isAlone: false };
const latencyModel = latencyOf(({ units }) => 3 + units);
const POLICY: BatchPolicy = { ...DEFAULT_POLICY, maxRows: 8 };

function queueOf(...entries: readonly Entry[]): RequestQueue {
  const queue = new RequestQueue({ maxEntries: 1_000, maxBytes: 1_000_000 });
  for (const entry of entries) queue.push(new Ticket(entry, () => {}, NOW));
  return queue;
}

function decideFor(queue: RequestQueue, given: Partial<Situation<Ticket>> = {}): Decision<Ticket> {
  return decide({ queue, instances: IDLE, policy: POLICY, arrivingRowsPerMs: 0, latencyModel, now: NOW, ...given });
}

/** The entries of a decision, each with its rows `from-to`. */
function seatsOf({ seats }: Decision<Ticket>): string[] {
  return seats.map(({ ticket, fromRow, rows }) => `${markOf(ticket)}: ${fromRow}-${fromRow + rows}`);
}

function markOf({ entry }: Ticket): number | undefined {
  return entry.tensors[0]?.data[0] as number | undefined;
}

const rowsOf = (value: number, rows: number, given: Partial<Entry> = {}) =>
  entryOf(new Array<number>(rows).fill(value), given);

describe('a free instance', () => {
  it('takes what waits, in its order', () => {
    const decision = decideFor(queueOf(rowsOf(1, 1), rowsOf(2, 3), rowsOf(3, 2)));
    expect(seatsOf(decision)).toEqual(['1: 0-1', '2: 0-3', '3: 0-2']);
    expect(decision).toMatchObject({ rows: 6, units: 6, predictedMs: 9, expired: [], needsProcess: false });
  });

  it('takes no more rows than a run may hold, and nobody before one who did not fit', () => {
    expect(seatsOf(decideFor(queueOf(rowsOf(1, 5), rowsOf(2, 4), rowsOf(3, 1))))).toEqual(['1: 0-5']);
  });

  it('starts nothing when nothing waits', () => {
    expect(decideFor(queueOf())).toMatchObject({ seats: [], expired: [], rows: 0, needsProcess: false });
  });

  it('takes one entry, whatever its rows, where rows share no run', () => {
    const queue = queueOf(rowsOf(1, 20), rowsOf(2, 1));
    expect(seatsOf(decideFor(queue, { policy: { ...POLICY, maxRows: null } }))).toEqual(['1: 0-20']);
  });

  it('takes one entry, whatever its rows, where the entry says that it shares none', () => {
    const queue = queueOf(rowsOf(1, 20, { compatibility: null }), rowsOf(2, 1));
    expect(seatsOf(decideFor(queue))).toEqual(['1: 0-20']);
  });
});

describe('no free instance', () => {
  it('starts nothing', () => {
    const instances = { ...IDLE, running: [RUN] };
    expect(decideFor(queueOf(rowsOf(1, 1)), { instances }).seats).toEqual([]);
  });
});

describe('entries of different kinds', () => {
  it('are passed over for those of the kind of the oldest', () => {
    const wide = entryWith([tensorOf([9, 9], { width: 2 })], 1);
    expect(seatsOf(decideFor(queueOf(rowsOf(1, 1), wide, rowsOf(2, 1))))).toEqual(['1: 0-1', '2: 0-1']);
  });
});

describe('priorities', () => {
  it('come before age, and the less urgent fill what is left', () => {
    const queue = queueOf(rowsOf(1, 3, { priority: 2 }), rowsOf(2, 3, { priority: 1 }), rowsOf(3, 1, { priority: 2 }));
    expect(seatsOf(decideFor(queue))).toEqual(['2: 0-3', '1: 0-3', '3: 0-1']);
  });

  it.each([15, 16, 1e300, Number.NaN])('of %d are the last class, as they came', (priority) => {
    const queue = queueOf(rowsOf(1, 8, { priority: 1e9 }), rowsOf(2, 8, { priority }));
    expect(seatsOf(decideFor(queue))).toEqual(['1: 0-8']);
  });

  it('below 0 are the first class, and between two whole numbers the lower', () => {
    const queue = queueOf(
      rowsOf(1, 2, { priority: 1 }),
      rowsOf(2, 2, { priority: -3 }),
      rowsOf(3, 2, { priority: 0.9 }),
    );
    expect(seatsOf(decideFor(queue))).toEqual(['2: 0-2', '3: 0-2', '1: 0-2']);
  });
});

describe('an entry larger than a run may be', () => {
  it('is taken in parts', () => {
    const queue = queueOf(rowsOf(1, 20));
    const parts: string[][] = [];
    for (let decision = decideFor(queue); decision.seats.length > 0; decision = decideFor(queue)) {
      parts.push(seatsOf(decision));
      for (const seat of decision.seats) queue.take(seat, NOW);
    }
    expect(parts).toEqual([['1: 0-8'], ['1: 8-16'], ['1: 16-20']]);
  });

  it('fills what room others leave', () => {
    const decision = decideFor(queueOf(rowsOf(1, 3), rowsOf(2, 20, { cost: 200 }), rowsOf(3, 1)));
    expect(seatsOf(decision)).toEqual(['1: 0-3', '2: 0-5']);
    expect(decision).toMatchObject({ rows: 8, units: 53 });
  });

  it('is not begun where no room is left', () => {
    expect(seatsOf(decideFor(queueOf(rowsOf(1, 8), rowsOf(2, 20))))).toEqual(['1: 0-8']);
  });
});

describe('entries whose deadline has passed', () => {
  it('are named where they are first, and take no seat', () => {
    const late = { deadlineAtMs: NOW };
    const queue = queueOf(rowsOf(1, 1, late), rowsOf(2, 1, { ...late, priority: 3 }), rowsOf(3, 1, { priority: 3 }));
    const decision = decideFor(queue);
    expect(decision.expired.map(markOf)).toEqual([1, 2]);
    expect(seatsOf(decision)).toEqual(['3: 0-1']);
  });

  it('take no seat further back either', () => {
    const queue = queueOf(rowsOf(1, 1), rowsOf(2, 1, { deadlineAtMs: NOW }), rowsOf(3, 1, { deadlineAtMs: NOW + 9 }));
    expect(seatsOf(decideFor(queue))).toEqual(['1: 0-1', '3: 0-1']);
  });

  it('are named though nothing else waits', () => {
    const decision = decideFor(queueOf(rowsOf(1, 1, { deadlineAtMs: NOW })));
    expect(decision.expired.map(markOf)).toEqual([1]);
    expect(decision.seats).toEqual([]);
  });
});

describe('rows to be run again', () => {
  const again = (queue: RequestQueue, entry: Entry, [fromRow, rows] = [0, entry.rows]) => {
    queue.repeat({ ticket: new Ticket(entry, () => {}, NOW), fromRow, rows });
  };

  it('come before everything else, each by itself', () => {
    const queue = queueOf(rowsOf(1, 1));
    again(queue, rowsOf(2, 1));
    again(queue, rowsOf(3, 1));
    expect(seatsOf(decideFor(queue))).toEqual(['2: 0-1']);
  });

  it('are only those that were in the run', () => {
    const queue = queueOf();
    again(queue, rowsOf(2, 20), [8, 3]);
    const decision = decideFor(queue);
    expect(seatsOf(decision)).toEqual(['2: 8-11']);
    expect(decision.rows).toBe(3);
  });

  it('are passed by once their deadline has passed', () => {
    const queue = queueOf(rowsOf(1, 1));
    again(queue, rowsOf(2, 1, { deadlineAtMs: NOW }));
    const decision = decideFor(queue);
    expect([decision.expired.map(markOf), seatsOf(decision)]).toEqual([[2], ['1: 0-1']]);
  });
});

describe('an entry that must be alone', () => {
  const suspect = () => rowsOf(1, 1, { alone: true });
  const two = { ...IDLE, total: 2 };

  it('starts when nothing runs, by itself', () => {
    const decision = decideFor(queueOf(suspect(), rowsOf(2, 1)));
    expect(seatsOf(decision)).toEqual(['1: 0-1']);
    expect(decision.needsProcess).toBe(true);
  });

  it.each([
    ['in this lane', { ...two, running: [RUN] }],
    ['in another lane', { ...two, runningElsewhere: 1 }],
  ])('waits for what runs %s, and asks for the process', (_, instances) => {
    expect(decideFor(queueOf(suspect(), rowsOf(2, 1)), { instances })).toMatchObject({ seats: [], needsProcess: true });
  });

  it('lets nothing start beside it', () => {
    const instances = { ...two, running: [{ ...RUN, isAlone: true }] };
    expect(decideFor(queueOf(rowsOf(2, 1)), { instances })).toMatchObject({ seats: [], needsProcess: true });
  });

  it('is not passed by those behind it, nor taken along by those before it', () => {
    expect(seatsOf(decideFor(queueOf(rowsOf(2, 1), suspect(), rowsOf(3, 1))))).toEqual(['2: 0-1']);
  });
});

describe('a process that another lane needs for itself', () => {
  it('lets nothing start', () => {
    const instances = { ...IDLE, isReserved: true };
    expect(decideFor(queueOf(rowsOf(1, 1)), { instances })).toMatchObject({ seats: [], needsProcess: false });
  });
});

describe('an entry that would be late', () => {
  /** A run of b rows takes 3 + b ms. */
  const within = (ms: number) => ({ arrivedAtMs: NOW - 1_000, deadlineAtMs: NOW + ms });
  const busy = { ...IDLE, total: 2, running: [RUN] };

  it('by itself is given up, and the next is asked for', () => {
    const decision = decideFor(queueOf(rowsOf(1, 1, within(3)), rowsOf(2, 1)));
    expect([decision.hopeless.map(markOf), decision.seats]).toEqual([[1], []]);
  });

  it('takes no seat further back either', () => {
    const decision = decideFor(queueOf(rowsOf(1, 1), rowsOf(2, 1, within(3)), rowsOf(3, 1)));
    expect([decision.hopeless.map(markOf), seatsOf(decision)]).toEqual([[2], ['1: 0-1', '3: 0-1']]);
  });

  it('among others runs with fewer, where the instances keep pace all the same', () => {
    const decision = decideFor(queueOf(rowsOf(1, 1, within(6)), rowsOf(2, 2), rowsOf(3, 3)), {
      arrivingRowsPerMs: 0.1,
    });
    expect(seatsOf(decision)).toEqual(['1: 0-1', '2: 0-2']);
    expect(decision).toMatchObject({ boundBy: 'deadline', predictedMs: 6, hopeless: [] });
  });

  it('among others is given up where they would not: runs that shrink for their heads collapse', () => {
    const queue = queueOf(rowsOf(1, 1, within(6)), rowsOf(2, 2), rowsOf(3, 3));
    const decision = decideFor(queue, { arrivingRowsPerMs: 5 });
    expect([decision.hopeless.map(markOf), decision.seats]).toEqual([[1], []]);
  });

  it('is tried where runs cannot be predicted', () => {
    const unsure = latencyOf(({ units }) => 3 + units, { isReliable: false });
    const decision = decideFor(queueOf(rowsOf(1, 1, within(3)), rowsOf(2, 1)), { latencyModel: unsure });
    expect([decision.hopeless, seatsOf(decision)]).toEqual([[], ['1: 0-1', '2: 0-1']]);
  });

  it('is tried where nothing has run for long, so that a model that is wrong learns', () => {
    const rested = { ...IDLE, lastEndAtMs: NOW - 1_000 };
    expect(seatsOf(decideFor(queueOf(rowsOf(1, 1, within(3))), { instances: rested }))).toEqual(['1: 0-1']);
    const working = { ...busy, lastEndAtMs: NOW - 1_000 };
    expect(decideFor(queueOf(rowsOf(1, 1, within(3))), { instances: working }).seats).toEqual([]);
  });
});

describe('one that has waited long', () => {
  it('goes before the newcomers of a more urgent class', () => {
    const queue = queueOf(rowsOf(1, 8, { priority: 0 }));
    queue.push(new Ticket(rowsOf(2, 8, { priority: 1 }), () => {}, NOW - 60));
    expect(seatsOf(decideFor(queue))).toEqual(['2: 0-8']);
  });

  it('does not before the classes are so far apart', () => {
    const queue = queueOf(rowsOf(1, 8, { priority: 0 }));
    queue.push(new Ticket(rowsOf(2, 8, { priority: 1 }), () => {}, NOW - 40));
    expect(seatsOf(decideFor(queue))).toEqual(['1: 0-8']);
  });
});

describe('a run that may wait to be filled', () => {
  const policy = { ...POLICY, maxDelayMs: 5 };

  it('says until when, counted from the arrival of its first', () => {
    const queue = queueOf();
    queue.push(new Ticket(rowsOf(1, 1), () => {}, NOW - 2));
    queue.push(new Ticket(rowsOf(2, 1), () => {}, NOW));
    expect(decideFor(queue, { policy })).toMatchObject({ seats: [], wakeAtMs: NOW + 3 });
  });

  it('waits no more once that is over', () => {
    const queue = queueOf();
    queue.push(new Ticket(rowsOf(1, 1), () => {}, NOW - 5));
    expect(seatsOf(decideFor(queue, { policy }))).toEqual(['1: 0-1']);
  });

  it('waits no more once it is full', () => {
    expect(decideFor(queueOf(rowsOf(1, 8)), { policy }).seats).toHaveLength(1);
    expect(decideFor(queueOf(rowsOf(1, 5), rowsOf(2, 4)), { policy }).seats).toHaveLength(1);
  });

  it('waits no longer than its first can and be in time', () => {
    const decision = decideFor(queueOf(rowsOf(1, 1, { arrivedAtMs: NOW, deadlineAtMs: NOW + 13 })), { policy });
    expect(decision.wakeAtMs).toBeLessThanOrEqual(NOW + 13 - 4);
  });
});

describe('why a run has no more rows', () => {
  it.each([
    ['nothing else waits', 'waiting', queueOf(rowsOf(1, 2)), {}],
    ['it holds no more', 'rows', queueOf(rowsOf(1, 5), rowsOf(2, 5)), {}],
    ['its inputs take no more', 'bytes', queueOf(rowsOf(1, 2), rowsOf(2, 2)), { maxRunBytes: 12 }],
    ['answers should take no longer', 'latency', queueOf(rowsOf(1, 2), rowsOf(2, 2)), { latencyMs: 12 }],
    ['it shares none', 'alone', queueOf(rowsOf(1, 2, { compatibility: null })), {}],
  ])('is told: %s', (_, boundBy, queue, given) => {
    expect(decideFor(queue, { policy: { ...POLICY, ...given } }).boundBy).toBe(boundBy);
  });
});

describe('whatever waits', () => {
  const entries = fc.array(
    fc.record({
      rows: fc.integer({ min: 1, max: 20 }),
      width: fc.integer({ min: 1, max: 2 }),
      priority: fc.integer({ min: 0, max: 3 }),
      deadlineAtMs: fc.constantFrom(NOW - 1, NOW + 1_000, Number.POSITIVE_INFINITY),
      alone: fc.boolean(),
    }),
    { maxLength: 40 },
  );

  const queueFor = (drawn: readonly { rows: number; width: number }[]) =>
    queueOf(
      ...drawn.map(({ rows, width, ...given }) =>
        entryWith([tensorOf(new Array<number>(rows * width).fill(1), { width })], rows, given),
      ),
    );

  it('deciding changes nothing: asked again, it decides the same', () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 10 }), (drawn, maxRows) => {
        const queue = queueFor(drawn);
        const first = decideFor(queue, { policy: { ...POLICY, maxRows } });
        expect(decideFor(queue, { policy: { ...POLICY, maxRows } })).toEqual(first);
        expect(queue.entries).toBe(drawn.length);
      }),
    );
  });

  it('an idle lane starts something if anything has time left, within the bound, of one kind', () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 10 }), (drawn, maxRows) => {
        const { seats, rows } = decideFor(queueFor(drawn), { policy: { ...POLICY, maxRows } });
        expect(seats.length > 0).toBe(drawn.some(({ deadlineAtMs }) => deadlineAtMs > NOW));
        expect(rows).toBe(seats.reduce((sum, seat) => sum + seat.rows, 0));
        expect(rows).toBeLessThanOrEqual(maxRows);
        expect(new Set(seats.map(({ ticket }) => ticket.entry.compatibility)).size).toBeLessThanOrEqual(1);
      }),
    );
  });
});
