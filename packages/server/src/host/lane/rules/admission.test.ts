import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../request-queue.js';
import { entryOf } from '../testing/entries.js';
import { latencyOf } from '../testing/latency.js';
import { Ticket } from '../ticket.js';
import { aheadOf, entriesOf, finishesInMs } from './admission.js';

const NOW = 10_000;
const model = latencyOf(({ units }) => 10 + units, { margin: 1.5 });

function queueOf(...waiting: readonly { rows: number; priority: number; forMs: number }[]): RequestQueue {
  const queue = new RequestQueue({ maxEntries: 1_000, maxBytes: 1e9 }, 100);
  for (const { rows, priority, forMs } of waiting) {
    queue.push(new Ticket(entryOf(new Array<number>(rows).fill(1), { priority }), () => {}, NOW - forMs));
  }
  return queue;
}

describe('what is ahead of an entry', () => {
  it('is all of its class and of the more urgent', () => {
    const { classes } = queueOf({ rows: 3, priority: 0, forMs: 5 }, { rows: 4, priority: 1, forMs: 5 });
    expect([0, 1, 2].map((priority) => aheadOf(classes, priority, NOW))).toEqual([3, 7, 7]);
    expect(aheadOf(classes, 1, NOW, entriesOf)).toBe(2);
  });

  it('is of the less urgent what has waited for longer than the classes are apart', () => {
    const { classes } = queueOf({ rows: 4, priority: 1, forMs: 100 });
    expect(aheadOf(classes, 0, NOW)).toBe(2);
  });
});

describe('when an entry is answered', () => {
  const load = { entries: 0, rows: 0, units: 0, again: 0, maxRows: 8, instances: 1, running: [] };
  const within = (given: Partial<typeof load>, rows = 1) =>
    finishesInMs(entryOf(new Array<number>(rows).fill(1)), { ...load, ...given }, model, NOW);

  it('is after its own run where nothing is before it', () => {
    expect(within({})).toBe(1.5 * 11);
    expect(within({}, 4)).toBe(1.5 * 14);
  });

  it('is after the runs before it, and its own with whoever is before it in that', () => {
    expect(within({ rows: 3, units: 3 })).toBe(1.5 * 14);
    expect(within({ rows: 8, units: 8 })).toBe(18 + 1.5 * 11);
  });

  it('is after the run that takes its last row', () => {
    expect(within({}, 20)).toBe(2 * 18 + 1.5 * 18);
  });
});
