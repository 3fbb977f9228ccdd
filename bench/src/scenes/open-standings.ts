import type { Table } from '../results/report.js';
import { digits, median, spread } from '../results/statistics.js';
import type { OpenRun } from './open-turns.js';
import { Rounds } from './rounds.js';

type Read = (run: OpenRun) => number;

export const goodput: Read = (run) => run.goodput;
export const p50Ms: Read = ({ p50Us }) => p50Us / 1_000;
export const p99Ms: Read = ({ p99Us }) => p99Us / 1_000;

/** What open runs say of one contender beside another. Void ones count only where there is no sound one. */
export class OpenStandings extends Rounds<OpenRun> {
  override at(contender: string, point: string): readonly OpenRun[] {
    const all = super.at(contender, point);
    const sound = all.filter((run) => run.void === null);
    return sound.length > 0 ? sound : all;
  }

  table(): Table {
    const points = [...new Set(this.runs.map(({ point }) => point))];
    const contenders = [...new Set(this.runs.map(({ contender }) => contender))];
    const head = [
      'arrivals',
      'server',
      'goodput/s',
      'in time',
      'p50 ms',
      'p99 ms',
      'refused',
      'failed',
      'CPU µs a request',
      'generator: lag p99 ms',
      'its CPU µs a request',
      'void runs',
    ];
    const rows = points.flatMap((point) =>
      contenders.flatMap((contender) => {
        const mine = this.at(contender, point);
        return mine.length === 0 ? [] : [[point, contender, ...this.#cells(mine), this.#voids(contender, point)]];
      }),
    );
    return { head, rows };
  }

  #cells(mine: readonly OpenRun[]): string[] {
    const middle = (read: Read) => digits(median(mine.map(read)));
    return [
      spread(mine.map(goodput), digits),
      percent(median(mine.map(({ inTime, sent }) => inTime / sent))),
      spread(mine.map(p50Ms), digits),
      spread(mine.map(p99Ms), digits),
      percent(median(mine.map(({ refused, sent }) => refused / sent))),
      percent(median(mine.map(({ errors, sent }) => errors / sent))),
      middle((run) => run.serverCpuUs),
      middle((run) => run.lagP99Us / 1_000),
      middle((run) => run.generatorCpuUs),
    ];
  }

  #voids(contender: string, point: string): string {
    const all = super.at(contender, point);
    return `${all.filter((run) => run.void !== null).length} of ${all.length}`;
  }
}

export const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
