import type { BatchCount, Contender, RunningServer } from '../contenders/contender.js';
import { type RunningLoad, sendOnce, sendUntilAnswered, startClosedLoop } from '../load/index.js';
import { type Measurement, measure } from '../load/measure.js';
import { Program } from '../processes/program.js';
import { digits } from '../results/statistics.js';
import type { Stage } from './scene.js';

/** What a contender is put to. */
export interface Point {
  /** How many send a request as soon as the one before is answered. */
  readonly connections: number;
  /** Whether a program of the bench keeps one core busy meanwhile. */
  readonly isBusy?: boolean;
}

/** One contender at one point, measured once. */
export interface ComparisonRun extends Measurement {
  readonly round: number;
  readonly contender: string;
  /** The name of the point. */
  readonly point: string;
  readonly connections: number;
  /** Mean rows of the run that a request rode in; `null` where the server does not say. */
  readonly batchRows: number | null;
}

export interface ComparisonPlan {
  readonly contenders: readonly Contender[];
  readonly points: readonly Point[];
  /** A load on each server behind its start, so that its code is compiled when it is measured. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Comparison {
  readonly runs: readonly ComparisonRun[];
  /** Peers that could not take part in a round, and why. */
  readonly absences: readonly string[];
}

/** How long a measurement's own load runs before it begins, and what a start takes, about. */
const SETTLE_MS = 300;
const START_MS = 3_000;

export const pointName = ({ connections, isBusy }: Point) => `${connections}${isBusy ? ', a core taken' : ''}`;

/**
 * In each round all contenders take turns, and the next round goes the other way round. Each starts anew and runs alone,
 * since some are busy while they are idle.
 */
export async function compare(stage: Stage, plan: ComparisonPlan): Promise<Comparison> {
  const minutes = estimateMinutes(stage, plan, plan.contenders.length);
  stage.say(`some ${digits(minutes)} minutes: ${plan.contenders.map(({ name }) => name).join(', ')}`);
  const runs: ComparisonRun[] = [];
  const absences = new Set<string>();
  for (let round = 1; round <= stage.rounds; round++) {
    // Whoever went first goes last in the next round.
    for (const contender of round % 2 === 1 ? plan.contenders : plan.contenders.toReversed()) {
      try {
        for await (const run of takeTurn(stage, plan, contender)) runs.push(keep(stage, { round, ...run }));
      } catch (error) {
        if (contender.isOptional !== true) throw error;
        absences.add(firstLine((error as Error).message));
        stage.record({ round, contender: contender.name, error: (error as Error).message });
        stage.say((error as Error).message);
      }
    }
  }
  return { runs, absences: [...absences] };
}

const firstLine = (text: string) => text.split('\n', 1)[0]!;

/** How long a comparison takes, about. */
export function estimateMinutes(
  { rounds }: Pick<Stage, 'rounds'>,
  { points, warmUpMs, measureMs }: Omit<ComparisonPlan, 'contenders'>,
  contenders: number,
): number {
  const turnMs = START_MS + warmUpMs + points.length * (SETTLE_MS + measureMs);
  return (rounds * contenders * turnMs) / 60_000;
}

function keep(stage: Stage, run: ComparisonRun): ComparisonRun {
  stage.record({ ...run });
  stage.say(describeRun(run, stage.rounds));
  return run;
}

async function* takeTurn(stage: Stage, plan: ComparisonPlan, contender: Contender) {
  const server = await startChecked(contender);
  try {
    const most = Math.max(...plan.points.map(({ connections }) => connections));
    await underLoad(server, contender, most, () => pause(plan.warmUpMs));
    for (const point of plan.points) {
      const measured = await measureOnce(stage, { server, contender, point, ms: plan.measureMs });
      yield { contender: contender.name, point: pointName(point), connections: point.connections, ...measured };
    }
  } finally {
    await server.stop();
  }
}

/** Starts a contender. @throws Error where it does not answer the scene's requests rightly. */
export async function startChecked(contender: Contender): Promise<RunningServer> {
  try {
    const server = await contender.start();
    try {
      await checkAnswers(server, contender);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    throw new Error(`${contender.name}: ${(error as Error).message}`);
  }
}

const MOST_CHECKED = 8;

async function checkAnswers(
  { port }: RunningServer,
  { request, requests = [request], check }: Contender,
): Promise<void> {
  await sendUntilAnswered(port, request);
  if (check === undefined) return;
  for (const [at, asked] of requests.slice(0, MOST_CHECKED).entries()) {
    const { status, body } = await sendOnce(port, asked);
    if (status !== 200) throw new Error(`the server answered ${status} ${body.toString().slice(0, 200)}`);
    check(body, at);
  }
}

async function underLoad<T>(
  server: RunningServer,
  { request, requests = [request] }: Contender,
  connections: number,
  work: (load: RunningLoad) => Promise<T>,
): Promise<T> {
  const load = startClosedLoop({ port: server.port, connections, requests });
  try {
    return await work(load);
  } finally {
    await load.stop();
  }
}

interface Turn {
  readonly server: RunningServer;
  readonly contender: Contender;
  readonly point: Point;
  readonly ms: number;
}

async function measureOnce(stage: Stage, { server, contender, point, ms }: Turn) {
  const other = point.isBusy === true ? new Program(stage.children, 'spin') : null;
  try {
    await other?.next();
    return await underLoad(server, contender, point.connections, async (load) => {
      await pause(SETTLE_MS);
      const before = await server.batches?.();
      const measurement = await measure(load, server.pid, ms);
      const after = await server.batches?.();
      return { ...measurement, batchRows: before && after ? meanRows(before, after) : null };
    });
  } finally {
    await other?.stop();
  }
}

function meanRows(before: BatchCount, after: BatchCount): number {
  return (after.rows - before.rows) / (after.requests - before.requests);
}

function describeRun(run: ComparisonRun, rounds: number): string {
  const { round, contender, point, requestsPerSecond, serverCpuUs, p50Us, p99Us } = run;
  return `round ${round} of ${rounds}: ${contender} at ${point}: ${digits(requestsPerSecond)}/s, CPU ${digits(serverCpuUs)} µs, p50 ${digits(p50Us / 1e3)} ms, p99 ${digits(p99Us / 1e3)} ms`;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
