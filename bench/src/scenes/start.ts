import { join } from 'node:path';
import { startJitney } from '../contenders/jitney.js';
import { sendUntilAnswered } from '../load/index.js';
import { EXAMPLES_FOLDER, readExamples } from '../models/examples.js';
import type { Figure, Table } from '../results/report.js';
import { median, spread } from '../results/statistics.js';
import type { Scene, Stage } from './scene.js';

const ASKED_MS = 1_500;
const CACHES = ['cold', 'warm'] as const;

interface Start {
  /** Whether scripts had been bundled before, by a start into the same folder. */
  readonly cache: (typeof CACHES)[number];
  readonly round: number;
  readonly readyMs: number;
  readonly firstAnswerMs: number;
  /** How often a request was refused between the two. */
  readonly refusals: number;
}

/** How long until the examples answer. */
export const start: Scene = {
  name: 'start',
  about:
    '`jitney serve examples/models`: from spawning the process until it says that all three models are ready, and until a request that is sent then, and again while it is refused, is answered. Cold: with an empty cache folder, so that each model.ts is bundled; warm: as every later start.',
  async run(stage) {
    const starts: Start[] = [];
    for (let round = 1; round <= stage.rounds; round++) {
      for (const cache of CACHES) {
        const found = await startOnce(stage, cache, round);
        starts.push(found);
        stage.record({ ...found });
        stage.say(
          `round ${round} of ${stage.rounds}: ${cache}, ready in ${seconds(found.readyMs)} s, first answer after ${seconds(found.firstAnswerMs)} s`,
        );
      }
    }
    return {
      figures: CACHES.map((cache) => readyFigure(cache, starts)),
      tables: [startsTable(starts)],
      trust:
        'Files are in the page cache, as after any earlier start. With both cores busy elsewhere a start takes several times as long: see the line below.',
    };
  },
};

/** The warm start of a round uses what its cold one left. */
async function startOnce(stage: Stage, cache: Start['cache'], round: number): Promise<Start> {
  const example = (await readExamples()).find(({ name }) => name === 'fraud')!;
  const startedAtMs = performance.now();
  const server = await startJitney(stage.children, {
    paths: [EXAMPLES_FOLDER],
    cacheFolder: join(stage.folder, `cache-${round}`),
  });
  try {
    const refusals = await sendUntilAnswered(server.port, example.request);
    const firstAnswerMs = performance.now() - startedAtMs;
    return { cache, round, readyMs: server.readyMs, firstAnswerMs, refusals };
  } finally {
    await server.stop();
  }
}

function readyFigure(cache: Start['cache'], starts: readonly Start[]): Figure {
  const found = starts.filter((one) => one.cache === cache).map(({ readyMs }) => readyMs);
  return {
    what: `ready, ${cache}`,
    asked: `≤ ${seconds(ASKED_MS)} s`,
    measured: spread(found, seconds, 's'),
    isMet: median(found) <= ASKED_MS,
  };
}

function startsTable(starts: readonly Start[]): Table {
  return {
    head: ['script cache', 'ready', 'first request answered', 'refused before'],
    rows: CACHES.map((cache) => {
      const mine = starts.filter((one) => one.cache === cache);
      return [
        cache,
        spread(
          mine.map(({ readyMs }) => readyMs),
          seconds,
          's',
        ),
        spread(
          mine.map(({ firstAnswerMs }) => firstAnswerMs),
          seconds,
          's',
        ),
        String(mine.reduce((sum, { refusals }) => sum + refusals, 0)),
      ];
    }),
  };
}

const seconds = (ms: number) => (ms / 1_000).toFixed(2);
