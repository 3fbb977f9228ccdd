import type { Figure } from '../results/report.js';
import { median } from '../results/statistics.js';
import { type GoodputPoint, goodputMatrix } from '../simulator/goodput-matrix.js';
import { type LatencyPoint, latencyMatrix } from '../simulator/latency-matrix.js';
import { drawLatency } from '../simulator/latency-plot.js';
import { describeModel, SIMULATED_MODELS } from '../simulator/models.js';
import { compareWithOracle, type OraclePoint } from '../simulator/oracle.js';
import { JITNEY, WINDOWS } from '../simulator/policies.js';
import { goodputTable, latencyTable, oracleTable } from '../simulator/tables.js';
import type { Scene, Stage } from './scene.js';

/** Arrivals a point, and seeds of the bursts. */
const SIZES = {
  quick: { oracle: 50_000, latency: 5_000, goodput: { count: 5_000, seeds: [1] } },
  full: { oracle: 1_000_000, latency: 20_000, goodput: { count: 20_000, seeds: [1, 2, 3] } },
};

/** What the scheduler makes of arrivals and run times, and what could have been made of them. */
export const simulator: Scene = {
  name: 'simulator',
  about: `The lane of a host, the same module, in virtual time: only how batches are formed counts, not what this machine makes of it. Models (a run of b rows takes α + β·b): ${SIMULATED_MODELS.map(describeModel).join('; ')}. Loads are shares of what a model does in batches of which two fit into S (at most 64 rows). Jitney has its defaults; “take all” is its lane without any bound but 64 rows; a window is its lane with that \`maxDelayMs\`. All have the same arrivals. Latencies: nobody sets a deadline. Goodput: each request says S. All-knowing: the most that any schedule answers in time, exactly; ≤: a bound of it.`,
  async run(stage) {
    const size = stage.isQuick ? SIZES.quick : SIZES.full;
    const oracle = await compareWithOracle(size.oracle, (point) => note(stage, 'oracle', { ...point }));
    const latency = await latencyMatrix(size.latency, (point) => note(stage, 'latency', named(point)));
    const goodput = await goodputMatrix(size.goodput, (point) => note(stage, 'goodput', named(point)));
    return {
      figures: [...oracleFigures(oracle), ...latencyFigures(latency), ...goodputFigures(goodput)],
      plots: [drawLatency(latency)],
      tables: [oracleTable(oracle), latencyTable(latency), goodputTable(goodput)],
      trust: `Arrivals are drawn from fixed seeds, so every run of this scene gives the same figures, whatever else the machine does: ${size.oracle.toLocaleString('en')} a point beside theory, ${size.latency.toLocaleString('en')} a point of latency of which the first third does not count, ${size.goodput.seeds.length} × ${size.goodput.count.toLocaleString('en')} a point of goodput (of the tiny model five times as many). Run times are exact and nothing else takes time: a host adds its own microseconds a request.`,
    };
  },
};

function note(stage: Stage, part: string, point: Readonly<Record<string, unknown>>): void {
  stage.record({ part, ...point });
  const { model = '', load = '', policy = '', workload = '' } = point;
  stage.say([part, model, load, workload, policy].filter((word) => word !== '').join(' '));
}

function named(point: LatencyPoint | GoodputPoint): Readonly<Record<string, unknown>> {
  const workload = 'workload' in point ? { workload: point.workload.name } : {};
  return { ...point, model: point.model.name, ...workload };
}

function oracleFigures(points: readonly OraclePoint[]): Figure[] {
  const worst = Math.max(...points.map(({ simulatedMs, exactMs }) => Math.abs(simulatedMs / exactMs - 1)));
  return [
    {
      what: 'mean latency of “take all” against the exact mean, loads 0.5 to 0.95: largest difference',
      asked: '≤ 3 %',
      measured: percent(worst),
      isMet: worst <= 0.03,
    },
  ];
}

/** Jitney’s latency over the best of all others, at the point where it looks worst. */
function latencyFigures(points: readonly LatencyPoint[]): Figure[] {
  return (['p50Ms', 'p99Ms'] as const).map((which) => {
    const ratios = SIMULATED_MODELS.flatMap((model) =>
      [...new Set(points.map(({ load }) => load))].map((load) => {
        const here = points.filter((point) => point.model === model && point.load === load);
        const own = here.find(({ policy }) => policy === JITNEY.name)!;
        const others = here.filter(({ policy }) => policy !== JITNEY.name);
        return {
          where: `${model.name}, ${load}`,
          ratio: own[which] / Math.min(...others.map((point) => point[which])),
        };
      }),
    );
    const worst = ratios.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    const wins = ratios.filter(({ ratio }) => ratio <= 1.005).length;
    return {
      what: `${which === 'p50Ms' ? 'p50' : 'p99'} of Jitney over the best of “take all” and all windows: at its worst, of ${ratios.length} models and loads`,
      asked: '≤ 1.00 ×',
      measured: `${worst.ratio.toFixed(2)} × (${worst.where}); no worse at ${wins} of ${ratios.length}`,
      isMet: wins === ratios.length,
    };
  });
}

function goodputFigures(points: readonly GoodputPoint[]): Figure[] {
  const bursts = points.filter(({ workload }) => workload.kind === 'bursts');
  const overload = points.filter(({ workload }) => workload.kind === 'overload');
  const window = (point: GoodputPoint) => Math.max(...WINDOWS.map(({ name }) => point.good[name]!));
  return [
    ratioFigure('goodput under bursts over the all-knowing schedule’s', 0.95, bursts, ({ most }) => most),
    ratioFigure('goodput under bursts over the best window’s', 0.98, bursts, window),
    ratioFigure('goodput under overload over the all-knowing schedule’s', 0.95, overload, ({ most }) => most),
  ];
}

/** Medians over the seeds; the worst model and workload counts. */
function ratioFigure(
  what: string,
  asked: number,
  points: readonly GoodputPoint[],
  rival: (point: GoodputPoint) => number,
): Figure {
  const places = new Map<string, number[]>();
  for (const point of points) {
    const place = `${point.model.name}, ${point.workload.name}`;
    places.set(place, [...(places.get(place) ?? []), point.good[JITNEY.name]! / rival(point)]);
  }
  const ratios = [...places].map(([where, all]) => ({ where, ratio: median(all) }));
  const worst = ratios.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  return {
    what: `${what}: at its worst`,
    asked: `≥ ${percent(asked)}`,
    measured: `${percent(worst.ratio)} (${worst.where}); reached at ${ratios.filter(({ ratio }) => ratio >= asked).length} of ${ratios.length}`,
    isMet: worst.ratio >= asked,
  };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
