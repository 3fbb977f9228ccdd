import { PEERS } from '../contenders/peers/index.js';
import { type Figure, inOneReport, type SceneReport } from '../results/report.js';
import { digits, median, spread } from '../results/statistics.js';
import { capacities, describeCapacities } from './closed-loops.js';
import { modelBoundPeers } from './model-bound.js';
import { enterOpen, type OpenEntrants } from './open-entrants.js';
import { OpenStandings, p50Ms, p99Ms } from './open-standings.js';
import { type OpenPoint, openTurns, openTurnsMinutes } from './open-turns.js';
import type { Scene, Stage } from './scene.js';
import { simulatedP99Ms } from './simulated-lane.js';
import { transformerPeers } from './transformer.js';
import type { PeerScene } from './with-peers.js';

const SUBJECTS: readonly PeerScene[] = [modelBoundPeers, transformerPeers];
const SHARE = 0.75;
const CONNECTIONS = 8;

/** Everyone at the same absolute rate, which does not wait for anyone. */
export const openLoop: Scene = {
  name: 'open-loop',
  about:
    'The models of model-bound and transformer, Poisson arrivals at 75 % of what the best peer answers a second in a closed loop of 8 connections in the same run; without peers, of what Jitney does. In a round everyone gets the same moments. Latency counts from the intended moment of each request. The load generator runs in a process of its own, first in line for the cores where that is allowed; a run in which it was late by more than 1 ms at p99 is void and repeated up to twice.',
  // Jitney and the peers, and once more all of them for their capacity.
  minutes: (stage) => SUBJECTS.length * (1.5 + openTurnsMinutes(stage, PEERS.length + 1, 1, measureMs(stage))),
  async run(stage) {
    const parts: SceneReport[] = [];
    for (const subject of SUBJECTS) parts.push(await measureSubject(stage, subject));
    return {
      ...inOneReport(parts),
      trust: parts.map(({ trust }) => trust).join(' '),
    };
  },
};

const measureMs = ({ isQuick, isShort }: Pick<Stage, 'isQuick' | 'isShort'>) =>
  isQuick ? 4_000 : isShort ? 5_000 : 20_000;

async function measureSubject(stage: Stage, subject: PeerScene): Promise<SceneReport> {
  const entrants = await enterOpen(stage, subject);
  const { jitney, peers, notes } = entrants;
  const opponents = peers.length > 0 ? peers : [jitney];
  const found = await capacities(stage, opponents, {
    connections: CONNECTIONS,
    warmUpMs: 1_000,
    measureMs: stage.isQuick ? 1_000 : 5_000,
  });
  const point = pointOf(subject, SHARE * found[0]!.ratePerSecond);
  const plan = { points: [point], measureMs: measureMs(stage) };
  const { runs, absences } = await openTurns(stage, [jitney, ...peers], plan);
  const standings = new OpenStandings(runs);
  // A lane that is simulated has rows of one shape, which sentences have not.
  const hasOneShape = entrants.model.questions.length === 1;
  const simulated = hasOneShape ? [await simulatorFigure(stage, standings, point)] : [];
  return {
    figures: [...peerFigures(standings, entrants, point.name), ...simulated],
    tables: [standings.table()],
    trust: `${subject.name}: capacity ${describeCapacities(found)}. ${[...notes, ...absences].join(' ')}`,
  };
}

function pointOf({ name }: PeerScene, ratePerSecond: number): OpenPoint {
  return {
    name: `${name}, ${digits(ratePerSecond)}/s`,
    arrivals: { kind: 'poisson' },
    ratePerSecond,
    sloMs: null,
  };
}

function peerFigures(standings: OpenStandings, { peers }: OpenEntrants, point: string): Figure[] {
  const names = peers.map(({ name }) => name);
  return [
    lowestFigure(standings, names, { point, what: 'p50', read: p50Ms }),
    lowestFigure(standings, names, { point, what: 'p99', read: p99Ms }),
  ];
}

const ASKED_OVER_SIMULATED = 1.25;

/** Jitney's p99 over the simulator's for the same moments and the run times that were measured in that run. */
async function simulatorFigure(stage: Stage, standings: OpenStandings, point: OpenPoint): Promise<Figure> {
  const ratios: number[] = [];
  for (const run of standings.at('Jitney', point.name)) {
    const simulatedMs = await simulatedP99Ms(run, point, measureMs(stage));
    stage.record({ round: run.round, point: point.name, simulatedP99Ms: simulatedMs });
    if (simulatedMs !== null) ratios.push(p99Ms(run) / simulatedMs);
  }
  return {
    what: `p99, ${point.name}, over the simulator’s for the same moments and run times`,
    asked: `≤ ${ASKED_OVER_SIMULATED} ×`,
    measured: ratios.length === 0 ? 'not measured' : spread(ratios, (ratio) => ratio.toFixed(2), '×'),
    isMet: median(ratios) <= ASKED_OVER_SIMULATED,
  };
}

interface Lowest {
  readonly point: string;
  readonly what: string;
  readonly read: typeof p50Ms;
}

/** Jitney's is to be below the lowest of the peers’. */
function lowestFigure(standings: OpenStandings, peers: readonly string[], { point, what, read }: Lowest): Figure {
  const lowest = standings.ranked(peers, point, read).at(-1);
  const mine = standings.at('Jitney', point).map(read);
  if (lowest === undefined || mine.length === 0)
    return { what: `${what}, ${point}`, asked: 'below the peers’', measured: 'not measured', isMet: false };
  const limit = standings.median(lowest, point, read);
  return {
    what: `${what}, ${point}, beside ${lowest}’s`,
    asked: `< ${digits(limit)} ms`,
    measured: spread(mine, digits, 'ms'),
    isMet: median(mine) < limit,
  };
}
