import { setTimeout as sleep } from 'node:timers/promises';
import { CpuMeter } from '../machine/cpu-meter.js';
import type { RunningLoad } from './index.js';

/** What a server did under a load, over a stretch of time. */
export interface Measurement {
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Requests that were not answered with 200, by their reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Processor time of all processes of the server, a request. */
  readonly serverCpuUs: number;
  /** The same by the title of each process. */
  readonly serverCpuUsByTitle: Readonly<Record<string, number>>;
  /** Processor time of the load generator, a request. */
  readonly generatorCpuUs: number;
  /** Cores that were busy with neither. */
  readonly foreignCores: number;
}

/**
 * Measures what a load sees and what it costs the server, from one answer to another that are at least `ms` apart.
 * @param pid The server's first process.
 * @throws Error where nothing is answered for half a minute.
 */
export async function measure(load: RunningLoad, pid: number, ms: number): Promise<Measurement> {
  await betweenAnswers(load);
  const meter = new CpuMeter(pid);
  load.take();
  await sleep(ms);
  await betweenAnswers(load);
  const { answered, seconds, failures, latencyUs } = load.take();
  const cpu = meter.take();
  return {
    requestsPerSecond: answered / seconds,
    p50Us: latencyUs.percentile(50),
    p99Us: latencyUs.percentile(99),
    maxUs: latencyUs.max,
    failures,
    serverCpuUs: cpu.serverUs / answered,
    serverCpuUsByTitle: Object.fromEntries(
      Object.entries(cpu.serverUsByTitle).map(([title, us]) => [title, us / answered]),
    ),
    generatorCpuUs: cpu.generatorUs / answered,
    foreignCores: cpu.foreignCores,
  };
}

/** Answers of one batch come within it. */
const BATCH_MS = 5;

/**
 * Behind an answer and those that rode with it. Where a batch holds all requests under way and takes a large part of a
 * measurement, one that began or ended anywhere would count a batch too many or too few.
 */
async function betweenAnswers(load: RunningLoad): Promise<void> {
  await load.answered(1);
  await sleep(BATCH_MS);
}
