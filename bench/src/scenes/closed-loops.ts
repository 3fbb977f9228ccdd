import type { Contender, RunningServer } from '../contenders/contender.js';
import { type LoadReport, startClosedLoop } from '../load/index.js';
import { digits } from '../results/statistics.js';
import { startChecked } from './comparison.js';
import type { Stage } from './scene.js';

export interface ClosedPlan {
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly sloMs?: number | null;
}

/** What a server does where a fixed number of requests is under way. */
export async function closedLoop(server: RunningServer, contender: Contender, plan: ClosedPlan): Promise<LoadReport> {
  const { request, requests = [request] } = contender;
  const { connections, warmUpMs, measureMs, sloMs = null } = plan;
  const load = startClosedLoop({ port: server.port, connections, requests, sloMs });
  try {
    await pause(warmUpMs);
    load.take();
    await pause(measureMs);
    return load.take();
  } finally {
    await load.stop();
  }
}

/** A closed loop and what it gets answered in time. */
export interface Beat {
  readonly connections: number;
  /** Answers in time a second. */
  readonly goodput: number;
}

const RECOVERED = 0.9;
const WINDOW_MS = 250;
const LONGEST_RECOVERY_MS = 10_000;

/**
 * Puts a server under a closed loop until it answers at full speed again.
 * @returns Until the end of the first quarter of a second with 90 % of that; `null`: there was none within ten seconds.
 */
export async function watchRecovery(
  server: RunningServer,
  { request, requests = [request] }: Contender,
  { connections, goodput }: Beat,
): Promise<number | null> {
  const startedAtMs = performance.now();
  const load = startClosedLoop({ port: server.port, connections, requests });
  try {
    for (;;) {
      await pause(WINDOW_MS);
      const { answered, seconds } = load.take();
      const tookMs = performance.now() - startedAtMs;
      if (answered / seconds >= RECOVERED * goodput) return tookMs;
      if (tookMs > LONGEST_RECOVERY_MS) return null;
    }
  } finally {
    await load.stop();
  }
}

export interface Capacity {
  readonly contender: string;
  readonly ratePerSecond: number;
}

/** What each contender answers a second in a short closed loop, the most first. Those that do not start are left out. */
export async function capacities(
  stage: Stage,
  contenders: readonly Contender[],
  plan: ClosedPlan,
): Promise<readonly Capacity[]> {
  const found: Capacity[] = [];
  for (const contender of contenders) {
    try {
      found.push({ contender: contender.name, ratePerSecond: await capacity(contender, plan) });
    } catch (error) {
      if (contender.isOptional !== true) throw error;
      stage.say((error as Error).message);
    }
  }
  found.sort((a, b) => b.ratePerSecond - a.ratePerSecond);
  stage.record({ capacities: found });
  stage.say(`capacity: ${describeCapacities(found)}`);
  return found;
}

async function capacity(contender: Contender, plan: ClosedPlan): Promise<number> {
  const server = await startChecked(contender);
  try {
    const { answered, seconds } = await closedLoop(server, contender, plan);
    return answered / seconds;
  } finally {
    await server.stop();
  }
}

/** What a request takes where it is alone: the median, in ms. */
export async function responseMs(contender: Contender, measureMs: number): Promise<number> {
  const server = await startChecked(contender);
  try {
    const { latencyUs } = await closedLoop(server, contender, { connections: 1, warmUpMs: 1_000, measureMs });
    return latencyUs.percentile(50) / 1_000;
  } finally {
    await server.stop();
  }
}

export const describeCapacities = (found: readonly Capacity[]) =>
  found.map(({ contender, ratePerSecond }) => `${contender} ${digits(ratePerSecond)}/s`).join(', ');

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
