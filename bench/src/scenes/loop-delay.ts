import { join } from 'node:path';
import { startIdleLoop } from '../contenders/idle-loop.js';
import { type RunningJitney, startJitney } from '../contenders/jitney.js';
import { metricValue } from '../contenders/metrics-text.js';
import { startClosedLoop } from '../load/index.js';
import { plantLargeModel } from '../models/large-model.js';
import type { Figure, Table } from '../results/report.js';
import { median, spread } from '../results/statistics.js';
import { killAndAwait } from './kill.js';
import type { Scene, Stage } from './scene.js';

const CONNECTIONS = 4;
const ASKED_MORE_MS = 2;

interface Delays {
  readonly round: number;
  readonly gatewayP50Ms: number;
  readonly gatewayP99Ms: number;
  readonly idleP50Ms: number;
  readonly idleP99Ms: number;
  /** Of the window: the answers to the load, and how long the model took to be there again. */
  readonly answered: number;
  readonly loadMs: number;
}

/** Whether anything heavy ever runs on the gateway's event loop. */
export const loopDelay: Scene = {
  name: 'loop-delay',
  about:
    'How late the gateway’s event loop comes to its timers (its /metrics) while a model of 90 MB loads and runs: its host is killed under a load of 4 connections, another one loads it, and goes on answering. Beside it, at the same time, an idle Node process watches its own loop the same way, which shows what the load of the machine alone does.',
  async run(stage) {
    const model = await plantLargeModel(join(stage.folder, 'models'));
    const server = await startJitney(stage.children, {
      paths: [model.folder],
      cacheFolder: join(stage.folder, 'cache'),
    });
    const idle = startIdleLoop(stage.children);
    try {
      const take = () => takeBoth(server, idle.take);
      const found: Delays[] = [];
      for (let round = 1; round <= stage.rounds; round++) {
        const delays = { round, ...(await watchOnce(stage, server, model.request, take)) };
        found.push(delays);
        stage.record({ ...delays });
        stage.say(
          `round ${round} of ${stage.rounds}: p99 of the gateway ${ms(delays.gatewayP99Ms)} ms, of the idle loop ${ms(delays.idleP99Ms)} ms`,
        );
      }
      return {
        figures: [differenceFigure(found)],
        tables: [delaysTable(found)],
        trust: `The model: ${model.about}. A window has some hundreds of timers, so its p99 is the work of a few of them, and one other program on the two cores can make either loop late: read the difference, not the values.`,
      };
    } finally {
      await Promise.all([server.stop(), idle.stop()]);
    }
  },
};

type Taken = Omit<Delays, 'round' | 'answered' | 'loadMs'>;

async function takeBoth(
  server: RunningJitney,
  takeIdle: () => Promise<{ p50Ms: number; p99Ms: number }>,
): Promise<Taken> {
  // A scrape begins both windows anew; the two are asked at once.
  const [text, idle] = await Promise.all([server.metrics(), takeIdle()]);
  const gatewayMs = (quantile: string) => {
    const seconds = metricValue(text, 'jitney_event_loop_delay_seconds', { quantile });
    if (seconds === null) throw new Error('no jitney_event_loop_delay_seconds in /metrics');
    return seconds * 1_000;
  };
  return {
    gatewayP50Ms: gatewayMs('0.5'),
    gatewayP99Ms: gatewayMs('0.99'),
    idleP50Ms: idle.p50Ms,
    idleP99Ms: idle.p99Ms,
  };
}

/** One window: the model runs, is loaded anew, and runs on. */
async function watchOnce(
  stage: Stage,
  server: RunningJitney,
  request: Uint8Array,
  take: () => Promise<Taken>,
): Promise<Omit<Delays, 'round'>> {
  const load = startClosedLoop({ port: server.port, connections: CONNECTIONS, requests: [request] });
  const minimum = new Promise((resolve) => setTimeout(resolve, stage.isQuick ? 2_000 : 10_000));
  try {
    await load.answered(CONNECTIONS);
    await take();
    load.take();
    const { awayMs } = await killAndAwait(server, 'jitney host large', () => load.answered(2 * CONNECTIONS));
    await minimum;
    return { ...(await take()), answered: load.take().answered, loadMs: awayMs };
  } finally {
    await load.stop();
  }
}

function differenceFigure(found: readonly Delays[]): Figure {
  const more = found.map(({ gatewayP99Ms, idleP99Ms }) => gatewayP99Ms - idleP99Ms);
  return {
    what: 'p99 of the gateway’s loop delay over the idle loop’s in the same window',
    asked: `≤ + ${ASKED_MORE_MS} ms`,
    measured: spread(more, ms, 'ms'),
    isMet: median(more) <= ASKED_MORE_MS,
  };
}

function delaysTable(found: readonly Delays[]): Table {
  const row = (name: string, p50: (delays: Delays) => number, p99: (delays: Delays) => number) => [
    name,
    spread(found.map(p50), ms, 'ms'),
    spread(found.map(p99), ms, 'ms'),
  ];
  return {
    head: ['event loop', 'p50', 'p99'],
    rows: [
      row(
        'gateway',
        (delays) => delays.gatewayP50Ms,
        (delays) => delays.gatewayP99Ms,
      ),
      row(
        'idle',
        (delays) => delays.idleP50Ms,
        (delays) => delays.idleP99Ms,
      ),
    ],
  };
}

const ms = (value: number) => value.toFixed(1);
