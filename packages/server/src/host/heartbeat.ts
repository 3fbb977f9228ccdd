import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LaneStats } from '@jitney/core';
import type { FromHost } from '../wire/messages.js';

/** Tells the supervisor at a steady pace that the loop turns, how old the oldest run is, and what the process holds. */
export function startHeartbeat(
  intervalMs: number,
  lanes: () => readonly LaneStats[],
  send: (message: FromHost) => void,
): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const timer = setInterval(() => {
    send({
      type: 'heartbeat',
      lanes: lanes(),
      memoryBytes: process.memoryUsage.rss(),
      loopDelayP99Ms: delay.percentile(99) / 1e6,
    });
    delay.reset();
  }, intervalMs);
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
