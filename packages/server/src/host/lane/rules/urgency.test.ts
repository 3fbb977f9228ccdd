import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../testing/entries.js';
import { CLASSES, classOf, classTimesMs, dueAtMs } from './urgency.js';

const waiting = (sinceMs: number, deadlineAtMs = Number.POSITIVE_INFINITY) => ({
  entry: entryOf([1], { deadlineAtMs }),
  sinceMs,
  nextRow: 0,
});

describe('the class of a priority', () => {
  it('is one of those there are, whatever the priority', () => {
    fc.assert(
      fc.property(fc.double(), (priority) => {
        expect(classOf(priority)).toBeGreaterThanOrEqual(0);
        expect(classOf(priority)).toBeLessThan(CLASSES);
        expect(Number.isInteger(classOf(priority))).toBe(true);
      }),
    );
  });
});

describe('the time of a class', () => {
  it('grows from class to class, from the time that answers should take', () => {
    const times = classTimesMs(40);
    expect(times[0]).toBe(40);
    expect(times[1]).toBe(60);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('is below a minute for the last where nobody says how long answers should take', () => {
    expect(classTimesMs(null).at(-1)).toBeLessThan(60_000);
  });
});

describe('when an entry should be answered', () => {
  it('is its class’s time after it came, or its own deadline where that is earlier', () => {
    expect(dueAtMs(waiting(1_000), 50)).toBe(1_050);
    expect(dueAtMs(waiting(1_000, 1_020), 50)).toBe(1_020);
  });

  it('is by its class where the deadline is no number', () => {
    expect(dueAtMs(waiting(1_000, Number.NaN), 50)).toBe(1_050);
  });

  it('comes for the least urgent before it does for those of the most urgent that come much later', () => {
    const times = classTimesMs(null);
    expect(dueAtMs(waiting(0), times.at(-1)!)).toBeLessThan(dueAtMs(waiting(60_000), times[0]!));
  });
});
