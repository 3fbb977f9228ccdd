import type { Figure } from '../results/report.js';
import { median, spread } from '../results/statistics.js';
import { goodput, type OpenStandings } from './open-standings.js';

export interface GoodputGoal {
  readonly point: string;
  /** Whom Jitney is set beside; `null`: nobody was measured. */
  readonly other: string | null;
  /** Who that is, for people: `the best peer’s`. */
  readonly what: string;
  /** Jitney's goodput over the other's in the same round. */
  readonly least: number;
}

export function goodputFigure(standings: OpenStandings, { point, other, what, least }: GoodputGoal): Figure {
  const asked = `≥ ${least} ×`;
  const ratios = other === null ? [] : standings.ratios('Jitney', other, point, goodput);
  if (ratios.length === 0)
    return { what: `goodput, ${point}, over ${what}`, asked, measured: 'not measured', isMet: false };
  return {
    what: `goodput, ${point}, over ${what} (${other})`,
    asked,
    measured: spread(ratios, (ratio) => ratio.toFixed(2), '×'),
    isMet: median(ratios) >= least,
  };
}
