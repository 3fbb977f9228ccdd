import type { Clock, LaneStats, Moment } from '@jitney/core';
import type { Stuck } from './child.js';

export interface WatchdogLimits {
  /** The loop must have turned within this time. */
  readonly heartbeatTimeoutMs: number;
  /** No run may take longer. */
  readonly runTimeoutMs: number;
}

/** What the watchdog knows of a process: plain data, kept from its heartbeats. */
export interface Pulse {
  readonly lastBeatAtMs: Moment;
  readonly lanes: readonly LaneStats[];
}

/**
 * Why the process must be ended, or `null`. Two limits: a loop that does not turn, and a run that does not return
 * (its age goes on while the loop is free, since long runs are asynchronous). Pure.
 */
export function judgePulse(pulse: Pulse, now: Moment, limits: WatchdogLimits): Stuck | null {
  const silentMs = now - pulse.lastBeatAtMs;
  if (silentMs > limits.heartbeatTimeoutMs) {
    const why = `its event loop did not turn for ${Math.round(silentMs)} ms (limit ${limits.heartbeatTimeoutMs} ms)`;
    return { why, sinceMs: null };
  }
  for (const lane of pulse.lanes) {
    if (lane.oldestRunMs > limits.runTimeoutMs) {
      const why = `a run took longer than ${limits.runTimeoutMs} ms`;
      return { why, sinceMs: pulse.lastBeatAtMs - limits.runTimeoutMs };
    }
  }
  return null;
}

export interface WatchdogOptions {
  readonly clock: Clock;
  /** How often it looks. */
  readonly intervalMs: number;
  readonly limits: WatchdogLimits;
  readonly onStuck: (stuck: Stuck) => void;
}

/** Watches one process by its heartbeats, from `start` to `stop`. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #pulse: Pulse = { lastBeatAtMs: 0, lanes: [] };
  #cancel = () => {};

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  start(): void {
    this.beat([]);
    this.#lookLater();
  }

  beat(lanes: readonly LaneStats[]): void {
    this.#pulse = { lastBeatAtMs: this.#options.clock.now(), lanes };
  }

  stop(): void {
    this.#cancel();
  }

  #lookLater(): void {
    const { clock, intervalMs } = this.#options;
    const plannedAtMs = clock.now() + intervalMs;
    this.#cancel = clock.at(plannedAtMs, () => this.#look(plannedAtMs));
  }

  #look(plannedAtMs: Moment): void {
    const { clock, limits, onStuck } = this.#options;
    const now = clock.now();
    // Whoever stopped this process (Ctrl-Z, a debugger) stopped the others too, or their heartbeats wait to be read: the
    // time for which it did not turn itself is nobody's silence.
    const lateMs = now - plannedAtMs;
    this.#pulse = { ...this.#pulse, lastBeatAtMs: Math.min(now, this.#pulse.lastBeatAtMs + lateMs) };
    const stuck = judgePulse(this.#pulse, now, limits);
    if (stuck === null) this.#lookLater();
    else onStuck(stuck);
  }
}
