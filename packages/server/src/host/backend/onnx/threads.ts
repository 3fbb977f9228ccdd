import { type UsableCpus, usableCpus } from './usable-cpus.js';

/** How many threads one run may use, and why. */
export interface ThreadChoice {
  readonly intraOpThreads: number;
  /** For `check` and the log: `2 threads, since …`. */
  readonly reason: string;
}

/** Below this, handing parts of an operator to other threads costs more than it saves. */
const SMALL_MODEL_BYTES = 4 * 1024 * 1024;

export interface ThreadWishes {
  /** Weights and graph. */
  readonly modelBytes: number;
  /** What the manifest asks for. */
  readonly asked: number | undefined;
}

/** The manifest's number; else one thread for a small model and one a usable CPU for others. */
export function chooseThreads({ modelBytes, asked }: ThreadWishes, cpus: () => UsableCpus = usableCpus): ThreadChoice {
  if (asked !== undefined) return choice(asked, 'as intraOpThreads says');
  if (modelBytes < SMALL_MODEL_BYTES) return choice(1, `since the model is small (${kibibytes(modelBytes)} KiB)`);
  const { count, reason } = cpus();
  return choice(count, `since ${reason}`);
}

function choice(intraOpThreads: number, why: string): ThreadChoice {
  return { intraOpThreads, reason: `${intraOpThreads} thread${intraOpThreads === 1 ? '' : 's'}, ${why}` };
}

function kibibytes(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
