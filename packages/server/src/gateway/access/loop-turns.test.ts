import type { Clock } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { LoopTurns } from './loop-turns.js';

/** A loop whose turns end when the test says so. */
function manualLoop() {
  let now = 0;
  const soon: (() => void)[] = [];
  const clock: Clock = { now: () => now, at: () => () => {}, soon: (callback) => void soon.push(callback) };
  return {
    clock,
    pass: (ms: number) => {
      now += ms;
    },
    endTurn: () => {
      for (const callback of soon.splice(0)) callback();
    },
  };
}

describe('turns of the loop', () => {
  it('begin with the first request that is read in them, and have one beginning for all', () => {
    const { clock, pass, endTurn } = manualLoop();
    const turns = new LoopTurns(clock);
    pass(5);
    expect(turns.startedAtMs()).toBe(5);
    pass(3);
    expect(turns.startedAtMs()).toBe(5);
    endTurn();
    pass(10);
    expect(turns.startedAtMs()).toBe(18);
  });
});
