import { median } from '../results/statistics.js';

/** One measurement of one contender. */
export interface RoundRun {
  readonly contender: string;
  /** What it was measured at, as tables name it. */
  readonly point: string;
  readonly round: number;
}

/** What runs that were made in rounds say of one contender beside another. */
export class Rounds<Run extends RoundRun> {
  readonly runs: readonly Run[];

  constructor(runs: readonly Run[]) {
    this.runs = runs;
  }

  at(contender: string, point: string): readonly Run[] {
    return this.runs.filter((run) => run.contender === contender && run.point === point);
  }

  /** NaN where there is no run. */
  median(contender: string, point: string, read: (run: Run) => number): number {
    return median(this.at(contender, point).map(read));
  }

  /** One contender's value over another's, in each round that has both. */
  ratios(contender: string, other: string, point: string, read: (run: Run) => number): number[] {
    return this.at(contender, point).flatMap((run) => {
      const pair = this.at(other, point).find(({ round }) => round === run.round);
      return pair === undefined ? [] : [read(run) / read(pair)];
    });
  }

  /** Those of `contenders` that were measured at a point, by a value, the largest first. */
  ranked(contenders: readonly string[], point: string, read: (run: Run) => number): readonly string[] {
    return contenders
      .filter((contender) => this.at(contender, point).length > 0)
      .sort((a, b) => this.median(b, point, read) - this.median(a, point, read));
  }
}
