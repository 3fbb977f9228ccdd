import { describe, expect, it } from 'vitest';
import { ProcessRuns } from './process-runs.js';

function createLanes() {
  const runs = new ProcessRuns();
  const woken: string[] = [];
  const lane = (name: string, instances: number) => {
    const wake = () => {
      woken.push(name);
    };
    runs.join(wake, instances);
    return wake;
  };
  return { runs, woken, a: lane('a', 1), b: lane('b', 2) };
}

describe('the runs of a process', () => {
  it('are counted over all lanes, and so is how many there may be', () => {
    const { runs } = createLanes();
    runs.begin();
    runs.begin();
    runs.end();
    expect([runs.running, runs.instances]).toEqual([1, 3]);
  });
});

describe('a lane that needs the process for itself', () => {
  it('keeps the others back, and not itself', () => {
    const { runs, a, b } = createLanes();
    expect(runs.isReservedFrom(b)).toBe(false);
    runs.claim(a);
    expect([runs.isReservedFrom(a), runs.isReservedFrom(b)]).toEqual([false, true]);
  });

  it('is woken when the last run has ended', () => {
    const { runs, a, woken } = createLanes();
    runs.begin();
    runs.begin();
    runs.claim(a);
    runs.end();
    expect(woken).toEqual([]);
    runs.end();
    expect(woken).toEqual(['a']);
  });

  it('gives it to the next that asked, and wakes the others', () => {
    const { runs, a, b, woken } = createLanes();
    runs.claim(a);
    runs.claim(b);
    runs.claim(a);
    runs.release(a);
    expect(woken).toEqual(['a', 'b']);
    expect([runs.isReservedFrom(a), runs.isReservedFrom(b)]).toEqual([true, false]);
    runs.release(b);
    expect([runs.isReservedFrom(a), runs.isReservedFrom(b)]).toEqual([false, false]);
  });

  it('need not have it to stop asking', () => {
    const { runs, a, b, woken } = createLanes();
    runs.release(a);
    runs.claim(a);
    runs.claim(b);
    runs.release(b);
    expect(woken).toEqual([]);
    runs.release(a);
    expect(runs.isReservedFrom(b)).toBe(false);
  });
});
