import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines } from './deadlines.js';
import { entryOf } from './testing/entries.js';
import { ManualClock } from './testing/manual-clock.js';
import { Ticket } from './ticket.js';

function createDeadlines() {
  const clock = new ManualClock();
  const startedAtMs = clock.now();
  const rung: { readonly inMs: number; readonly atMs: number }[] = [];
  const deadlines = new Deadlines(clock, {
    onRing: () => {},
    onExpired: (ticket, now) => {
      deadlines.remove(ticket);
      rung.push({ inMs: ticket.entry.deadlineAtMs - startedAtMs, atMs: now - startedAtMs });
    },
  });
  const add = (inMs: number) => {
    const ticket = new Ticket(entryOf([1], { deadlineAtMs: startedAtMs + inMs }), () => {}, startedAtMs);
    deadlines.add(ticket);
    return ticket;
  };
  return { clock, deadlines, add, rung };
}

describe('deadlines', () => {
  it('ring in their order, each at its moment, whatever was added, removed or waited for between', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('add' as const), inMs: fc.integer({ min: 1, max: 100 }) }),
        fc.record({ kind: fc.constant('remove' as const), which: fc.nat(30) }),
        fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(10) }),
      ),
      { maxLength: 80, size: 'max' },
    );
    fc.assert(
      fc.property(steps, (drawn) => {
        const { clock, deadlines, add, rung } = createDeadlines();
        const startedAtMs = clock.now();
        const waiting: Ticket[] = [];
        const expected: number[] = [];
        const advance = (ms: number) => {
          clock.advance(ms);
          const due = waiting.filter(({ entry }) => entry.deadlineAtMs <= clock.now());
          for (const ticket of due) waiting.splice(waiting.indexOf(ticket), 1);
          expected.push(...due.map(({ entry }) => entry.deadlineAtMs - startedAtMs).sort((a, b) => a - b));
        };
        for (const step of drawn) {
          if (step.kind === 'add') waiting.push(add(clock.now() - startedAtMs + step.inMs));
          if (step.kind === 'advance') advance(step.ms);
          if (step.kind === 'remove') for (const ticket of waiting.splice(step.which, 1)) deadlines.remove(ticket);
        }
        advance(1_000);
        expect(rung.map(({ inMs }) => inMs)).toEqual(expected);
        for (const { inMs, atMs } of rung) expect(atMs).toBe(inMs);
        expect(clock.alarms).toBe(0);
      }),
    );
  });

  it('set no timer where there are none', () => {
    const { clock, add } = createDeadlines();
    add(Number.POSITIVE_INFINITY);
    add(Number.NaN);
    expect(clock.alarms).toBe(0);
  });

  it('leave the timer alone while later ones come and go', () => {
    const { clock, deadlines, add } = createDeadlines();
    let timersSet = 0;
    const at = clock.at.bind(clock);
    clock.at = (moment, callback) => {
      timersSet += 1;
      return at(moment, callback);
    };
    add(10);
    for (let inMs = 11; inMs < 50; inMs++) deadlines.remove(add(inMs));
    expect(timersSet).toBe(1);
  });

  it('ring no more once closed', () => {
    const { clock, deadlines, add, rung } = createDeadlines();
    add(10);
    deadlines.close();
    clock.advance(20);
    expect([rung, clock.alarms]).toEqual([[], 0]);
  });
});
