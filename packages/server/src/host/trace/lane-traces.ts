import { join, resolve } from 'node:path';
import type { LaneObserver } from '../lane/observer.js';
import type { OneShotLaneOptions } from '../lane/one-shot-lane.js';
import { TraceFile } from './trace-file.js';
import { LineObserver } from './trace-lines.js';

export interface LaneTracesOptions {
  /** `null`: none are written. */
  readonly folder: string | null;
  /** Told where a trace ends before its lane does. */
  readonly onStopped: (path: string, reason: string) => void;
}

/** The traces of a host's lanes: `NAME@VERSION-PID.ndjson` in one folder. */
export class LaneTraces {
  readonly #options: LaneTracesOptions;
  readonly #files: TraceFile[] = [];

  constructor(options: LaneTracesOptions) {
    this.#options = options;
  }

  /**
   * These options of a lane, with an observer that writes its trace where one is wanted.
   * @param model `fraud@3`
   * @throws Error when the folder cannot be made.
   */
  observed(model: string, options: OneShotLaneOptions): OneShotLaneOptions {
    const { folder, onStopped } = this.#options;
    if (folder === null) return options;
    const path = join(resolve(folder), `${model}-${process.pid}.ndjson`);
    const { clock: _, executor: __, latencyModel: ___, processRuns: ____, observer: _____, ...traced } = options;
    const header = { trace: 'jitney lane', format: 1, model, options: traced } as const;
    const file = new TraceFile({ path, header, onStopped: (reason) => onStopped(path, reason) });
    this.#files.push(file);
    const observer: LaneObserver = new LineObserver((line) => file.add(line));
    return { ...options, observer };
  }

  /** Resolves once all of them are on the disk. */
  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}
