import { describe, expect, it } from 'vitest';
import { Admission, type Pass } from './admission.js';

const QUEUE_FULL = expect.objectContaining({ code: 'QUEUE_FULL', retryAfterMs: 1_000 });
const LIMITS = { maxInFlightRequests: 1_000, maxInFlightBytes: 100 };

function fill(admission: Admission): Pass[] {
  const passes: Pass[] = [];
  while (admission.requests < admission.allowed) passes.push(admission.enter());
  expect(() => admission.enter()).toThrow(QUEUE_FULL);
  return passes;
}

describe('a gateway that keeps up', () => {
  it('takes as many requests and bytes as the limits say', () => {
    const admission = new Admission(LIMITS);
    const passes = fill(admission);
    expect(passes).toHaveLength(1_000);
    passes[0]?.leave();
    passes[0]?.leave();
    const next = admission.enter();
    next.hold(60);
    expect(() => passes[1]?.hold(60)).toThrow(QUEUE_FULL);
  });

  it('takes them all the same where answers are late by what their host took', () => {
    const admission = new Admission(LIMITS);
    fill(admission);
    admission.observe({ now: 1_000, ownMs: 1, patienceMs: 50 });
    expect(admission.allowed).toBe(1_000);
  });
});

describe('a gateway that is behind', () => {
  it('takes fewer, down to some, and all again once it keeps up', () => {
    const admission = new Admission(LIMITS);
    let now = 0;
    const turn = (ownMs: number) => {
      const passes = fill(admission);
      now += 100;
      admission.observe({ now, ownMs, patienceMs: 50 });
      for (const pass of passes) pass.leave();
    };
    while (admission.allowed > 32) {
      const before = admission.allowed;
      turn(40);
      expect(admission.allowed).toBeLessThan(before);
    }
    turn(40);
    expect(admission.allowed).toBe(32);
    while (admission.allowed < 1_000) turn(5);
    turn(5);
    expect(admission.allowed).toBe(1_000);
  });

  it('is not one by the measure of a few who wait for little', () => {
    const admission = new Admission(LIMITS);
    fill(admission);
    for (let now = 1_000; now < 100_000; now += 100) {
      admission.observe({ now, ownMs: 10, patienceMs: now % 6_400 === 0 ? 8 : 60_000 });
    }
    expect(admission.allowed).toBe(1_000);
  });

  it('changes its mind no sooner than the change can be seen', () => {
    const admission = new Admission(LIMITS);
    fill(admission);
    admission.observe({ now: 100, ownMs: 40, patienceMs: 50 });
    const { allowed } = admission;
    admission.observe({ now: 130, ownMs: 40, patienceMs: 50 });
    expect(admission.allowed).toBe(allowed);
    admission.observe({ now: 140, ownMs: 40, patienceMs: 50 });
    expect(admission.allowed).toBeLessThanOrEqual(allowed);
  });
});
