import type { LaneStats } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { judgePulse } from './watchdog.js';

const limits = { heartbeatTimeoutMs: 1_000, runTimeoutMs: 5_000 };
const lane = (oldestRunMs: number): LaneStats => ({
  queuedEntries: 0,
  queuedRows: 0,
  queuedBytes: 0,
  runningRows: 0,
  oldestRunMs,
  expectedWaitMs: 0,
});

describe('the watchdog', () => {
  it('leaves a host alone that beats and whose runs return', () => {
    expect(judgePulse({ lastBeatAtMs: 100, lanes: [lane(4_999)] }, 1_100, limits)).toBeNull();
  });
  it('ends a host whose loop is silent', () => {
    expect(judgePulse({ lastBeatAtMs: 100, lanes: [] }, 1_101, limits)).toMatch(
      /did not turn for 1001 ms \(limit 1000 ms\)/,
    );
  });
  it('ends a host with a run that is too old, though its loop turns', () => {
    expect(judgePulse({ lastBeatAtMs: 1_000, lanes: [lane(0), lane(5_001)] }, 1_100, limits)).toMatch(
      /longer than 5000 ms/,
    );
  });
});
