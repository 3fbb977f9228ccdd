/*
 * An event loop with nothing to do, watched as the gateway watches its own (packages/server/src/telemetry/loop-delay.ts):
 * how late it comes to its timers is what the machine's load does to any process. Prints a LoopDelay for each line it
 * gets, of the time since the last; ends with its standard input.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LoopDelay } from '../contenders/idle-loop.js';

const RESOLUTION_MS = 10;

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();

/** Node records the time from one timer to the next, the 10 ms that were asked for included. */
function lateMs(ns: number): number {
  return histogram.count === 0 ? 0 : Math.max(0, ns / 1e6 - RESOLUTION_MS);
}

process.stdin.on('data', () => {
  const delay: LoopDelay = { p50Ms: lateMs(histogram.percentile(50)), p99Ms: lateMs(histogram.percentile(99)) };
  histogram.reset();
  process.stdout.write(`${JSON.stringify(delay)}\n`);
});
process.stdin.on('end', () => process.exit());
