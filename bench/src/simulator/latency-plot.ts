import { linearAxis, logAxis } from '../results/plot/axis.js';
import { drawFigure, type LineStyle, type Panel } from '../results/plot/figure.js';
import type { Plot } from '../results/report.js';
import type { LatencyPoint } from './latency-matrix.js';
import { describeModel, SIMULATED_MODELS, type SimulatedModel } from './models.js';
import { JITNEY, POLICIES, TAKE_ALL, WINDOWS } from './policies.js';

/** From short windows to long ones; each can be told from a white and from a dark page. */
const WINDOW_COLORS = ['#5f9e1f', '#2f9e55', '#159488', '#2b88b8', '#5b78d6', '#8a68d8', '#b35ac9', '#c04a8a'];

/** p50 and p99 of every model against the load, one line a policy. */
export function drawLatency(points: readonly LatencyPoint[]): Plot {
  const panels = SIMULATED_MODELS.flatMap((model) => [
    panelOf(model, points, { title: 'p50', value: ({ p50Ms }) => p50Ms }),
    panelOf(model, points, { title: 'p99', value: ({ p99Ms }) => p99Ms }),
  ]);
  const description = `Simulated latency against load, p50 and p99, for ${POLICIES.map(({ name }) => name).join(', ')}`;
  return {
    name: 'simulated-latency',
    description,
    svg: drawFigure({ description, columns: 2, panels, styles: stylesOf() }),
  };
}

function stylesOf(): Record<string, LineStyle> {
  const windows = WINDOWS.map(({ name }, index): [string, LineStyle] => [
    name,
    { color: WINDOW_COLORS[index % WINDOW_COLORS.length]!, width: 1.3 },
  ]);
  return {
    [JITNEY.name]: { color: '#e8590c', width: 3 },
    [TAKE_ALL.name]: { color: 'text', width: 1.5, isDashed: true },
    ...Object.fromEntries(windows),
  };
}

function panelOf(
  model: SimulatedModel,
  points: readonly LatencyPoint[],
  { title, value }: { readonly title: string; readonly value: (point: LatencyPoint) => number },
): Panel {
  const here = points.filter((point) => point.model === model);
  // What is drawn last lies on top.
  const lines = POLICIES.toReversed().map(({ name }) => ({
    name,
    points: here.filter(({ policy }) => policy === name).map((point) => [point.load, value(point)] as const),
  }));
  return {
    title: `${describeModel(model)}: ${title}`,
    x: linearAxis('load', [0, 0.2, 0.4, 0.6, 0.8, 1]),
    y: logAxis('ms', here.map(value)),
    lines,
  };
}
