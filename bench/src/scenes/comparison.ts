import type { BatchCount, Contender, RunningServer } from '../contenders/contender.js';
import { type RunningLoad, sendUntilAnswered, startClosedLoop } from '../load/index.js';
import { type Measurement, measure } from '../load/measure.js';
import { digits } from '../results/statistics.js';
import type { Stage } from './scene.js';

/** One contender at one number of connections, measured once. */
export interface ComparisonRun extends Measurement {
  readonly round: number;
  readonly contender: string;
  readonly connections: number;
  /** Mean rows of the run that a request rode in; `null` where the server does not batch. */
  readonly batchRows: number | null;
}

export interface ComparisonPlan {
  readonly contenders: readonly Contender[];
  /** How many connections send requests, each number a measurement. */
  readonly connections: readonly number[];
  /** A load on each server behind its start, so that its code is compiled when it is measured. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What a warm-up sends on, and how long a measurement's own load runs before it begins. */
const WARM_UP_CONNECTIONS = 32;
const SETTLE_MS = 300;

/** In each round all contenders start anew, and take turns at each number of connections: noise meets them all. */
export async function compare(stage: Stage, plan: ComparisonPlan): Promise<ComparisonRun[]> {
  const runs: ComparisonRun[] = [];
  for (let round = 1; round <= stage.rounds; round++) {
    for (const run of await compareOnce(stage, plan, round)) runs.push(run);
  }
  return runs;
}

interface Entrant {
  readonly contender: Contender;
  readonly server: RunningServer;
}

async function compareOnce(stage: Stage, plan: ComparisonPlan, round: number): Promise<ComparisonRun[]> {
  // Whoever went first goes last in the next round.
  const contenders = round % 2 === 1 ? plan.contenders : plan.contenders.toReversed();
  const entrants: Entrant[] = [];
  const runs: ComparisonRun[] = [];
  try {
    for (const contender of contenders) entrants.push({ contender, server: await startChecked(contender) });
    for (const entrant of entrants) await underLoad(entrant, WARM_UP_CONNECTIONS, () => pause(plan.warmUpMs));
    for (const connections of plan.connections) {
      for (const entrant of entrants) {
        const measured = await measureOnce(entrant, connections, plan.measureMs);
        const run = { round, contender: entrant.contender.name, connections, ...measured };
        runs.push(run);
        stage.record({ ...run });
        stage.say(describeRun(run, stage.rounds));
      }
    }
  } finally {
    await Promise.all(entrants.map(({ server }) => server.stop()));
  }
  return runs;
}

/** @throws Error where the server does not answer the scene's request with 200. */
async function startChecked(contender: Contender): Promise<RunningServer> {
  const server = await contender.start();
  try {
    await sendUntilAnswered(server.port, contender.request);
    return server;
  } catch (error) {
    await server.stop();
    throw new Error(`${contender.name}: ${(error as Error).message}`);
  }
}

async function underLoad<T>(
  { contender, server }: Entrant,
  connections: number,
  work: (load: RunningLoad) => Promise<T>,
): Promise<T> {
  const load = startClosedLoop({ port: server.port, connections, requests: [contender.request] });
  try {
    return await work(load);
  } finally {
    await load.stop();
  }
}

function measureOnce(entrant: Entrant, connections: number, ms: number) {
  const { server } = entrant;
  return underLoad(entrant, connections, async (load) => {
    await pause(SETTLE_MS);
    const before = await server.batches?.();
    const measurement = await measure(load, server.pid, ms);
    const after = await server.batches?.();
    return { ...measurement, batchRows: before && after ? meanRows(before, after) : null };
  });
}

function meanRows(before: BatchCount, after: BatchCount): number {
  return (after.rows - before.rows) / (after.requests - before.requests);
}

function describeRun(run: ComparisonRun, rounds: number): string {
  const { round, contender, connections, requestsPerSecond, serverCpuUs, p50Us, p99Us } = run;
  return `round ${round} of ${rounds}: ${contender} at ${connections}: ${digits(requestsPerSecond)}/s, CPU ${digits(serverCpuUs)} µs, p50 ${digits(p50Us / 1e3)} ms, p99 ${digits(p99Us / 1e3)} ms`;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
