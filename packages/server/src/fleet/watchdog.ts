import type { LaneStats, Moment } from '@jitney/core';

export interface WatchdogLimits {
  /** The loop must have turned within this time. */
  readonly heartbeatTimeoutMs: number;
  /** No run may take longer. */
  readonly runTimeoutMs: number;
}

/** What the watchdog knows of a host: plain data, kept from its heartbeats. */
export interface Pulse {
  readonly lastBeatAtMs: Moment;
  readonly lanes: readonly LaneStats[];
}

/**
 * Why the host must be ended, or `null`. Two limits: a loop that does not turn, and a run that does not return
 * (its age goes on while the loop is free, since long runs are asynchronous). Pure.
 */
export function judgePulse(pulse: Pulse, now: Moment, limits: WatchdogLimits): string | null {
  const silentMs = now - pulse.lastBeatAtMs;
  if (silentMs > limits.heartbeatTimeoutMs) {
    return `its event loop did not turn for ${Math.round(silentMs)} ms (limit ${limits.heartbeatTimeoutMs} ms)`;
  }
  for (const lane of pulse.lanes) {
    if (lane.oldestRunMs > limits.runTimeoutMs) {
      return `a run took longer than ${limits.runTimeoutMs} ms`;
    }
  }
  return null;
}
