import type { Contender, RunningServer } from '../contenders/contender.js';
import { type GeneratorReport, runGenerator } from '../load/generator.js';
import { type Arrivals, errorsOf, planSends, type ServerRun, sendUntilAnswered } from '../load/index.js';
import { CpuMeter } from '../machine/cpu-meter.js';
import { digits } from '../results/statistics.js';
import { closedLoop } from './closed-loops.js';
import { startChecked } from './comparison.js';
import type { Stage } from './scene.js';

/** Arrivals that each contender of a round gets alike. */
export interface OpenPoint {
  /** As tables name it. */
  readonly name: string;
  readonly arrivals: Arrivals;
  readonly ratePerSecond: number;
  readonly sloMs: number | null;
}

/** One contender under the arrivals of one point, measured once. */
export interface OpenRun {
  readonly round: number;
  readonly contender: string;
  readonly point: string;
  readonly ratePerSecond: number;
  /** Answers in time a second, of the requests of the measured time. */
  readonly goodput: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Requests: sent; answered with 200; of these in time; refused; failed otherwise. */
  readonly sent: number;
  readonly answered: number;
  readonly inTime: number;
  readonly refused: number;
  readonly errors: number;
  readonly refusalP99Us: number;
  readonly lagP99Us: number;
  /** Why it says little, though it was repeated; `null` where it is sound. */
  readonly void: string | null;
  readonly serverCpuUs: number;
  readonly generatorCpuUs: number;
  readonly foreignCores: number;
  /** Of the answers of a server that tells of them: one of three rows is there three times. */
  readonly runs: readonly ServerRun[];
}

export interface OpenPlan {
  readonly points: readonly OpenPoint[];
  /** Of each point, a settling part before it excluded. */
  readonly measureMs: number;
}

/** All moments of a point in a round, the settling part's too: everyone gets the same. */
export function momentsOf({ arrivals, ratePerSecond }: OpenPoint, round: number, measureMs: number): Float64Array {
  return planSends({ arrivals, ratePerSecond, durationMs: SETTLE_MS + measureMs, seed: round });
}

/** Before each measurement, at its own rate; and in a closed loop behind each start. */
const SETTLE_MS = 2_000;
const WARM_UP_CONNECTIONS = 8;
const MOST_TRIES = 3;
const GRACE_MS = 5_000;

/** What a start and a warm-up take, about. */
const START_MS = 5_000;

/** How long turns take, about. */
export function openTurnsMinutes({ rounds }: Pick<Stage, 'rounds'>, contenders: number, points: number, ms: number) {
  return (rounds * contenders * (START_MS + points * (SETTLE_MS + ms))) / 60_000;
}

/** In each round all contenders take turns, each alone on the machine; the next round goes the other way round. */
export async function openTurns(
  stage: Stage,
  contenders: readonly Contender[],
  plan: OpenPlan,
): Promise<{ readonly runs: readonly OpenRun[]; readonly absences: readonly string[] }> {
  const runs: OpenRun[] = [];
  const absences = new Set<string>();
  for (let round = 1; round <= stage.rounds; round++) {
    for (const contender of round % 2 === 1 ? contenders : contenders.toReversed()) {
      try {
        for await (const run of takeTurn(stage, contender, plan, round)) runs.push(keep(stage, run));
      } catch (error) {
        if (contender.isOptional !== true) throw error;
        const { message } = error as Error;
        // Behind it may stand a whole log.
        absences.add(message.split('\n', 1)[0]!);
        stage.record({ round, contender: contender.name, error: message });
        stage.say(message);
      }
    }
  }
  return { runs, absences: [...absences] };
}

async function* takeTurn(stage: Stage, contender: Contender, plan: OpenPlan, round: number) {
  const server = await startChecked(contender);
  try {
    await closedLoop(server, contender, { connections: WARM_UP_CONNECTIONS, warmUpMs: 0, measureMs: 1_000 });
    for (const point of plan.points) {
      // What the point before left behind is worked off first.
      await sendUntilAnswered(server.port, contender.request);
      const measured = await measureSoundly(stage, server, { contender, point, round, ms: plan.measureMs });
      yield { round, contender: contender.name, point: point.name, ratePerSecond: point.ratePerSecond, ...measured };
    }
  } finally {
    await server.stop();
  }
}

interface OpenTurn {
  readonly contender: Contender;
  readonly point: OpenPoint;
  /** Its seed. */
  readonly round: number;
  readonly ms: number;
}

/** Again where the generator was late, up to three times. */
async function measureSoundly(stage: Stage, server: RunningServer, turn: OpenTurn) {
  for (let tries = 1; ; tries++) {
    const measured = await measureOpen(stage, server, turn);
    if (measured.void === null || tries === MOST_TRIES) return measured;
    stage.record({
      round: turn.round,
      contender: turn.contender.name,
      point: turn.point.name,
      ...withoutRuns(measured),
    });
    stage.say(`${turn.contender.name} at ${turn.point.name}: again, since ${measured.void}`);
  }
}

async function measureOpen(stage: Stage, { port, pid }: RunningServer, { contender, point, round, ms }: OpenTurn) {
  const { request, requests = [request] } = contender;
  const sendsMs = momentsOf(point, round, ms);
  const meter = new CpuMeter(pid);
  const report = await runGenerator(stage, {
    port,
    requests,
    sendsMs,
    warmUpMs: SETTLE_MS,
    durationMs: SETTLE_MS + ms,
    sloMs: point.sloMs,
    graceMs: GRACE_MS,
    readRuns: true,
  });
  return { ...figuresOf(report, meter, sendsMs.length), runs: report.runs };
}

/** @param requests All that were sent, the settling part's too: CPU is counted over both. */
function figuresOf(report: GeneratorReport, meter: CpuMeter, requests: number) {
  const { seconds, intended, unsent, answered, inTime, refused, latencyUs, refusalUs, lagUs } = report;
  const { serverUs, foreignCores } = meter.take();
  return {
    goodput: inTime / seconds,
    p50Us: latencyUs.percentile(50),
    p99Us: latencyUs.percentile(99),
    maxUs: latencyUs.max,
    sent: intended - unsent,
    answered,
    inTime,
    refused,
    errors: errorsOf(report),
    refusalP99Us: refusalUs.percentile(99),
    lagP99Us: lagUs.percentile(99),
    void: report.void,
    serverCpuUs: serverUs / requests,
    generatorCpuUs: (report.generatorCpuMs * 1_000) / requests,
    foreignCores,
  };
}

function keep(stage: Stage, run: OpenRun): OpenRun {
  stage.record(withoutRuns(run));
  const { round, contender, point, goodput, p50Us, p99Us, refused, errors } = run;
  stage.say(
    `round ${round} of ${stage.rounds}: ${contender} at ${point}: goodput ${digits(goodput)}/s, p50 ${digits(p50Us / 1e3)} ms, p99 ${digits(p99Us / 1e3)} ms, ${refused} refused, ${errors} failed`,
  );
  return run;
}

/** They are many, and no one reads them. */
function withoutRuns<Run extends Pick<OpenRun, 'runs'>>(run: Run): Omit<Run, 'runs'> {
  const { runs, ...others } = run;
  return others;
}
