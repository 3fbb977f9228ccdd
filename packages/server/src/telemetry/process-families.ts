import { counter, type Family, gauge } from './family.js';
import type { LoopDelay } from './loop-delay.js';

const MS_IN_SECOND = 1e3;
const US_IN_SECOND = 1e6;

/** What this process costs and how its event loop fares. `name` is what it is: `gateway`, `supervisor`. */
export function processFamilies(name: string, delay: LoopDelay): Family[] {
  const labels = { process: name };
  const { user, system } = process.cpuUsage();
  const quantiles: [quantile: string, ms: number][] = [
    ['0.5', delay.p50Ms],
    ['0.99', delay.p99Ms],
    ['1', delay.maxMs],
  ];
  return [
    gauge(
      'jitney_event_loop_delay_seconds',
      'How late the event loop came to its timers since the last scrape; of several processes, the latest.',
      quantiles.map(([quantile, ms]) => ({ labels: { ...labels, quantile }, value: ms / MS_IN_SECOND })),
      'max',
    ),
    gauge('jitney_process_memory_bytes', 'Resident memory.', [{ labels, value: process.memoryUsage.rss() }]),
    counter('jitney_process_cpu_seconds_total', 'Processor time, user and system.', [
      { labels, value: (user + system) / US_IN_SECOND },
    ]),
  ];
}
