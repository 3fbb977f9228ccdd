import { join } from 'node:path';
import type { Contender } from '../contenders/contender.js';
import { Examination } from '../contenders/examination.js';
import type { RunningJitney } from '../contenders/jitney.js';
import { type GeneratorReport, runGenerator } from '../load/generator.js';
import { errorsOf, planSends, sendUntilAnswered } from '../load/index.js';
import { type Memory, readMemory } from '../machine/memory.js';
import { plantEncoder } from '../models/encoder.js';
import { plantMlp } from '../models/mlp.js';
import type { SceneReport } from '../results/report.js';
import { digits } from '../results/statistics.js';
import { type Beat, closedLoop, pause, responseMs, watchRecovery } from './closed-loops.js';
import { startChecked } from './comparison.js';
import { jitneyContender, withDeadlines } from './open-entrants.js';
import { overloadFigures, overloadTables } from './overload-page.js';
import type { Scene, Stage } from './scene.js';

/** What is overloaded. */
interface Subject {
  readonly name: string;
  readonly plant: typeof plantMlp;
  /** Connections of the closed loops that tell what is full speed. */
  readonly connections: readonly number[];
  /** The target, in ms; `null`: five times what a request takes alone. */
  readonly sloMs: number | null;
}

const SUBJECTS: readonly Subject[] = [
  { name: 'encoder', plant: plantEncoder, connections: [2, 4, 8], sloMs: null },
  { name: 'mlp', plant: plantMlp, connections: [16, 32, 64, 128], sloMs: 50 },
];
const FACTORS = [2, 5, 20];
const SLO_OVER_ALONE = 5;

/** One overload, measured once. */
export interface OverloadRun {
  readonly round: number;
  readonly subject: string;
  /** The rate asked for, over the capacity. */
  readonly factor: number;
  readonly sloMs: number;
  /** The most answers in time a second that a closed loop got before, in the same process. */
  readonly peak: number;
  /** Requests a second that really left, and answers in time a second. */
  readonly offered: number;
  readonly goodput: number;
  readonly answered: number;
  readonly inTime: number;
  readonly refused: number;
  readonly errors: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly p99Us: number;
  readonly refusalP99Us: number;
  readonly lagP99Us: number;
  readonly void: string | null;
  /** From the end of the overload until 90 % of full speed for a quarter of a second; `null`: not within ten seconds. */
  readonly recoveryMs: number | null;
  /** Private memory of each process by its title, before and five seconds behind it. */
  readonly memory: Readonly<Record<string, { readonly beforeBytes: number; readonly afterBytes: number }>>;
}

/** More requests than can be answered. */
export const overload: Scene = {
  name: 'overload',
  about:
    'Poisson arrivals at 2, 5 and 20 times the capacity for a minute each (ten seconds in a short run), every request with the target as its deadline: a model-bound one (the encoder of transformer, whose target is five times what a request takes alone), and a front-bound one (the perceptron of small-json, 50 ms). The capacity is the most answers in time a second that a closed loop got just before, from the same process. Behind it at once a closed loop again: how long until full speed is back; and what memory each process holds, before and afterwards.',
  minutes: (stage) => (stage.rounds * SUBJECTS.length * FACTORS.length * (overloadMs(stage) + OTHER_MS)) / 60_000,
  async run(stage) {
    const runs: OverloadRun[] = [];
    for (const subject of SUBJECTS) runs.push(...(await overloadSubject(stage, subject)));
    return report(runs);
  },
};

const overloadMs = ({ isQuick, isShort }: Pick<Stage, 'isQuick' | 'isShort'>) =>
  isQuick || isShort === true ? 10_000 : 60_000;
/** What each takes beside that, about: a start, the search for the peak, the return to full speed. */
const OTHER_MS = 18_000;

async function overloadSubject(stage: Stage, subject: Subject): Promise<OverloadRun[]> {
  const model = await subject.plant(join(stage.folder, subject.name));
  const plain = jitneyContender(stage, await Examination.of(model));
  const alone = subject.sloMs ?? Math.ceil(SLO_OVER_ALONE * (await responseMs(plain, stage.isQuick ? 500 : 2_000)));
  const contender = withDeadlines(plain, alone);
  const runs: OverloadRun[] = [];
  for (let round = 1; round <= stage.rounds; round++) {
    for (const factor of FACTORS) {
      const run = {
        round,
        subject: subject.name,
        factor,
        ...(await overloadOnce(stage, { subject, contender, factor, round, sloMs: alone })),
      };
      runs.push(run);
      stage.record({ ...run });
      stage.say(describe(run, stage.rounds));
    }
  }
  return runs;
}

interface Overload {
  readonly subject: Subject;
  readonly contender: Contender;
  readonly factor: number;
  readonly round: number;
  readonly sloMs: number;
}

/** In a server of its own. */
async function overloadOnce(stage: Stage, overloading: Overload) {
  const { contender, subject, sloMs } = overloading;
  const server = (await startChecked(contender)) as RunningJitney;
  try {
    const peak = await peakOf(stage, server, { contender, connections: subject.connections, sloMs });
    const before = readAll(server);
    const report = await overloadFor(stage, server, overloading, peak.goodput);
    const recoveryMs = await watchRecovery(server, contender, peak);
    await pause(stage.isQuick ? 500 : 5_000);
    return { sloMs, peak: peak.goodput, ...figuresOf(report), recoveryMs, memory: compared(before, readAll(server)) };
  } finally {
    await server.stop();
  }
}

interface PeakSearch {
  readonly contender: Contender;
  readonly connections: readonly number[];
  readonly sloMs: number;
}

/** The most that any of the numbers of connections gets answered in time. */
async function peakOf(
  stage: Stage,
  server: RunningJitney,
  { contender, connections, sloMs }: PeakSearch,
): Promise<Beat> {
  const beats: Beat[] = [];
  for (const count of connections) {
    const plan = { connections: count, warmUpMs: 500, measureMs: stage.isQuick ? 700 : 2_000, sloMs };
    const { inTime, seconds } = await closedLoop(server, contender, plan);
    beats.push({ connections: count, goodput: inTime / seconds });
  }
  return beats.reduce((best, beat) => (beat.goodput > best.goodput ? beat : best));
}

async function overloadFor(
  stage: Stage,
  server: RunningJitney,
  { contender, factor, round, sloMs }: Overload,
  peak: number,
) {
  await sendUntilAnswered(server.port, contender.request);
  const warmUpMs = 1_000;
  const durationMs = warmUpMs + overloadMs(stage);
  const timetable = { arrivals: { kind: 'poisson' }, ratePerSecond: factor * peak, durationMs, seed: round } as const;
  return runGenerator(stage, {
    port: server.port,
    requests: contender.requests ?? [contender.request],
    sendsMs: planSends(timetable),
    warmUpMs,
    durationMs,
    sloMs,
    // Whatever comes later comes too late.
    graceMs: sloMs,
  });
}

function figuresOf(report: GeneratorReport) {
  const { seconds, intended, unsent, answered, inTime, refused, failures, latencyUs, refusalUs, lagUs } = report;
  return {
    offered: (intended - unsent) / seconds,
    goodput: inTime / seconds,
    answered,
    inTime,
    refused,
    errors: errorsOf(report),
    failures,
    p99Us: latencyUs.percentile(99),
    refusalP99Us: refusalUs.percentile(99),
    lagP99Us: lagUs.percentile(99),
    void: report.void,
  };
}

function readAll(server: RunningJitney): ReadonlyMap<string, Memory> {
  return new Map(server.processes().map(({ pid, title }) => [title.replace(/^jitney /, ''), readMemory(pid)]));
}

function compared(before: ReadonlyMap<string, Memory>, after: ReadonlyMap<string, Memory>): OverloadRun['memory'] {
  return Object.fromEntries(
    [...after].map(([title, { privateBytes }]) => {
      return [title, { beforeBytes: before.get(title)?.privateBytes ?? 0, afterBytes: privateBytes }];
    }),
  );
}

function describe({ round, subject, factor, goodput, peak, refusalP99Us, recoveryMs }: OverloadRun, rounds: number) {
  const back = recoveryMs === null ? 'not within 10 s' : `after ${digits(recoveryMs / 1_000)} s`;
  return `round ${round} of ${rounds}: ${subject} at ${factor} ×: goodput ${digits(goodput)}/s of ${digits(peak)}/s, refusals p99 ${digits(refusalP99Us / 1_000)} ms, full speed ${back}`;
}

function report(runs: readonly OverloadRun[]): SceneReport {
  return {
    figures: overloadFigures(runs),
    tables: overloadTables(runs),
    trust:
      'The load generator shares the cores: at 5 and 20 times the front’s capacity it takes most of them, is late, and offers less than was asked for; those runs say that nothing breaks, not how fast it is. Memory that has been collected by then, and given back, differs between runs.',
  };
}
