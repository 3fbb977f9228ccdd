import type { Entry } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestQueue } from './request-queue.js';
import { entryOf } from './testing/entries.js';
import { Ticket } from './ticket.js';

const createQueue = (limits = {}) => new RequestQueue({ maxEntries: 100, maxBytes: 1_000, ...limits });

function push(queue: RequestQueue, entry: Entry): Ticket {
  const ticket = new Ticket(entry, () => {}, 0);
  queue.push(ticket);
  return ticket;
}

/** The ids of what waits, in order. */
function orderOf(queue: RequestQueue): number[] {
  const ids: number[] = [];
  for (const { waiting } of queue.classes) {
    for (let node = waiting.first; node !== null; node = node.next) ids.push(node.item.entry.id);
  }
  return ids;
}

function kindsOf(queue: RequestQueue): number {
  return queue.classes.reduce((sum, { kinds }) => sum + kinds.size, 0);
}

describe('a queue', () => {
  it('orders by priority, then by arrival', () => {
    const queue = createQueue();
    const ids = [2, 0, 2, 1, 0].map((priority) => push(queue, entryOf([1], { priority })).entry.id);
    expect(orderOf(queue)).toEqual([ids[1], ids[4], ids[3], ids[0], ids[2]]);
  });

  it('counts entries, rows, bytes and work', () => {
    const queue = createQueue();
    push(queue, entryOf([1, 2, 3], { cost: 30 }));
    const other = push(queue, entryOf([4]));
    expect([queue.entries, queue.rows, queue.bytes, queue.units]).toEqual([2, 4, 16, 31]);
    queue.remove(other);
    expect([queue.entries, queue.rows, queue.bytes, queue.units]).toEqual([1, 3, 12, 30]);
  });

  it('keeps an entry of which rows are left, behind those that came meanwhile', () => {
    const queue = createQueue();
    const large = push(queue, entryOf([1, 2, 3, 4], { cost: 40 }));
    const other = push(queue, entryOf([5]));
    queue.take({ ticket: large, fromRow: 0, rows: 3 }, 0);
    expect(orderOf(queue)).toEqual([other.entry.id, large.entry.id]);
    expect([queue.entries, queue.rows, queue.bytes, queue.units, large.nextRow]).toEqual([2, 2, 20, 11, 3]);
    queue.take({ ticket: large, fromRow: 3, rows: 1 }, 0);
    expect(orderOf(queue)).toEqual([other.entry.id]);
    expect([queue.entries, queue.rows, queue.bytes, queue.units]).toEqual([1, 1, 4, 1]);
  });

  it('counts no work when nothing waits, whatever fractions were taken', () => {
    const queue = createQueue();
    const third = push(queue, entryOf([1, 2, 3], { cost: 0.1 }));
    for (const fromRow of [0, 1, 2]) queue.take({ ticket: third, fromRow, rows: 1 }, 0);
    expect(queue.units).toBe(0);
  });

  it('forgets kinds that nobody waits in, since clients choose shapes', () => {
    const queue = createQueue();
    const tickets = Array.from({ length: 50 }, (_, shape) =>
      push(queue, entryOf([1], { compatibility: `shape ${shape}`, priority: shape })),
    );
    for (const ticket of tickets) queue.remove(ticket);
    expect(kindsOf(queue)).toBe(0);
  });

  it('has no kind for entries that share no run', () => {
    const queue = createQueue();
    const ticket = push(queue, entryOf([1], { compatibility: null }));
    expect([kindsOf(queue), orderOf(queue)]).toEqual([0, [ticket.entry.id]]);
    queue.remove(ticket);
    expect(orderOf(queue)).toEqual([]);
  });
});

describe('the limits of a queue', () => {
  const retryAfterMs = () => 70;

  it('refuse an entry above the number that may wait', () => {
    const queue = createQueue({ maxEntries: 1 });
    expect(queue.refusal(entryOf([1]), retryAfterMs)).toBeNull();
    push(queue, entryOf([1]));
    const error = queue.refusal(entryOf([2]), retryAfterMs);
    expect(error).toMatchObject({ code: 'QUEUE_FULL', retryAfterMs: 70 });
    expect(error?.message).toMatch(/^Exceeds maximum queue size: 1 requests .*queue\.maxEntries is 1/);
  });

  it('refuse bytes above those that may wait', () => {
    const queue = createQueue({ maxBytes: 10 });
    push(queue, entryOf([1, 2]));
    const error = queue.refusal(entryOf([2]), retryAfterMs);
    expect(error).toMatchObject({ code: 'QUEUE_FULL', retryAfterMs: 70 });
    expect(error?.message).toMatch(/^Exceeds maximum queue size: .* 8 bytes .* 4 .*queue\.maxBytes is 10/);
  });

  it('let in up to and with the limit', () => {
    const queue = createQueue({ maxEntries: 2, maxBytes: 8 });
    push(queue, entryOf([1]));
    expect(queue.refusal(entryOf([2]), retryAfterMs)).toBeNull();
  });
});

describe('what is to run again', () => {
  it('is taken from its own list, and leaves it at once where its entry has ended', () => {
    const queue = createQueue();
    const [next, gone] = [entryOf([1]), entryOf([2])].map((entry) => new Ticket(entry, () => {}, 0)) as [
      Ticket,
      Ticket,
    ];
    for (const ticket of [next, gone, gone]) queue.repeat({ ticket, fromRow: 0, rows: 1 });
    queue.removeAgain(gone);
    expect(queue.again.size).toBe(1);
    const seat = queue.again.first?.item;
    expect(seat?.ticket).toBe(next);
    if (seat !== undefined) queue.take(seat, 0);
    expect([queue.again.size, queue.entries, queue.rows]).toEqual([0, 0, 0]);
  });
});

describe('whatever comes and goes', () => {
  it('the order is that of a list, and the counts are its sums', () => {
    const steps = fc.array(
      fc.record({ priority: fc.nat(3), kind: fc.nat(2), rows: fc.integer({ min: 1, max: 5 }), leave: fc.nat(40) }),
      { maxLength: 80, size: 'max' },
    );
    fc.assert(
      fc.property(steps, (drawn) => {
        const queue = createQueue();
        let model: Ticket[] = [];
        for (const { priority, kind, rows, leave } of drawn) {
          const entry = entryOf(new Array<number>(rows).fill(0), { priority, compatibility: `${kind}` });
          model.push(push(queue, entry));
          const leaving = model[leave];
          if (leaving === undefined) continue;
          queue.remove(leaving);
          model = model.filter((ticket) => ticket !== leaving);
        }
        const inOrder = model.toSorted((a, b) => a.entry.priority - b.entry.priority).map(({ entry }) => entry);
        expect(orderOf(queue)).toEqual(inOrder.map(({ id }) => id));
        expect([queue.entries, queue.rows]).toEqual([model.length, inOrder.reduce((sum, { rows }) => sum + rows, 0)]);
      }),
    );
  });
});
