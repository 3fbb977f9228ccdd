import { describe, expect, it } from 'vitest';
import { monitorLoopDelay } from './loop-delay.js';

describe('the delay of the event loop', () => {
  it('shows a stretch in which the loop did not turn, once', async () => {
    const monitor = monitorLoopDelay();
    let maxMs = 0;
    // The monitor needs one timer before the stall to measure from.
    for (let round = 0; round < 100 && maxMs < 50; round++) {
      await new Promise((resolve) => setTimeout(resolve, 12));
      const until = performance.now() + 80;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 1));
      maxMs = monitor.take().maxMs;
    }
    expect(maxMs).toBeGreaterThanOrEqual(50);
    expect(monitor.take()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
    monitor.close();
  });
});
