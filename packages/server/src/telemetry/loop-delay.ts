import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop came to a timer, over a stretch of time. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Watches the event loop of this process. */
export interface LoopDelayMonitor {
  /** The delays since the last `take`; zeros where the loop did not come round. */
  take(): LoopDelay;
  close(): void;
}

const RESOLUTION_MS = 10;
const NS_IN_MS = 1e6;

/** Starts watching, with a timer each 10 ms that does not keep the process alive. */
export function monitorLoopDelay(): LoopDelayMonitor {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // Node records the time from one timer to the next, the 10 ms that were asked for included.
  const late = (ns: number) => (histogram.count === 0 ? 0 : Math.max(0, ns / NS_IN_MS - RESOLUTION_MS));
  return {
    take() {
      const delay = {
        p50Ms: late(histogram.percentile(50)),
        p99Ms: late(histogram.percentile(99)),
        maxMs: late(histogram.max),
      };
      histogram.reset();
      return delay;
    },
    close: () => void histogram.disable(),
  };
}
