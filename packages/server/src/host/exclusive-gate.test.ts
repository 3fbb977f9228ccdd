import { beforeEach, describe, expect, it } from 'vitest';
import { ExclusiveGate } from './exclusive-gate.js';
import { ManualClock } from './lane/testing/manual-clock.js';

let clock: ManualClock;
let isIdle: boolean;
let gate: ExclusiveGate;
let begun: string[];
beforeEach(() => {
  clock = new ManualClock();
  isIdle = true;
  begun = [];
  gate = new ExclusiveGate(() => isIdle, clock);
});

const enter = (name: string, alone = false) => gate.enter(alone, () => begun.push(name));

describe('requests that may be side by side', () => {
  it('begin at once', () => {
    enter('a');
    enter('b');
    expect(begun).toEqual(['a', 'b']);
  });
});

describe('a request that must be alone', () => {
  it('begins at once where nothing else is', () => {
    enter('alone', true);
    expect(begun).toEqual(['alone']);
  });
  it('waits until the others are over', () => {
    enter('a');
    enter('b');
    enter('alone', true);
    gate.leave();
    expect(begun).toEqual(['a', 'b']);
    gate.leave();
    expect(begun).toEqual(['a', 'b', 'alone']);
  });
  it('lets nobody in beside it, and then all who waited up to the next', () => {
    enter('alone', true);
    enter('a');
    enter('b');
    enter('next', true);
    enter('c');
    expect(begun).toEqual(['alone']);
    gate.leave();
    expect(begun).toEqual(['alone', 'a', 'b']);
    gate.leave();
    gate.leave();
    expect(begun).toEqual(['alone', 'a', 'b', 'next']);
    gate.leave();
    expect(begun).toEqual(['alone', 'a', 'b', 'next', 'c']);
  });
  it('waits for a run that outlived its request', () => {
    isIdle = false;
    enter('alone', true);
    clock.advance(100);
    expect(begun).toEqual([]);
    isIdle = true;
    clock.advance(100);
    expect(begun).toEqual(['alone']);
  });
  it('holds up nobody once it waits no longer', () => {
    enter('a');
    const leaveQueue = enter('alone', true);
    enter('b');
    leaveQueue();
    leaveQueue();
    expect(begun).toEqual(['a', 'b']);
  });
});

describe('a request that has begun', () => {
  it('cannot leave the queue any more', () => {
    const leaveQueue = enter('alone', true);
    enter('a');
    leaveQueue();
    expect(begun).toEqual(['alone']);
  });
});
