import { type CpuSharers, LIGHT_MODEL_BYTES } from '../../../wire/cpu-sharers.js';
import type { UsableCpus } from './usable-cpus.js';

/** How many threads one run may use, and why. */
export interface ThreadChoice {
  readonly intraOpThreads: number;
  /** For `check` and the log: `2 threads, since …`. */
  readonly reason: string;
}

export interface ThreadWishes {
  /** Weights and graph. */
  readonly modelBytes: number;
  /** What the manifest asks for. */
  readonly asked: number | undefined;
}

/**
 * The manifest's number; else one thread for a small model and one a usable CPU for others.
 *
 * @param cpus - asked only where it depends on them
 */
export function chooseThreads({ modelBytes, asked }: ThreadWishes, cpus: () => UsableCpus): ThreadChoice {
  if (asked !== undefined) return choice(asked, 'as intraOpThreads says');
  if (modelBytes < LIGHT_MODEL_BYTES) return choice(1, `since the model is small (${kibibytes(modelBytes)} KiB)`);
  const { count, reason } = cpus();
  return choice(count, `since ${reason}`);
}

function choice(intraOpThreads: number, why: string): ThreadChoice {
  return { intraOpThreads, reason: `${intraOpThreads} thread${intraOpThreads === 1 ? '' : 's'}, ${why}` };
}

function kibibytes(bytes: number): number {
  return Math.ceil(bytes / 1024);
}

/**
 * The CPUs of one heavy model: those that the light hosts leave, in equal parts, so that all together have no more
 * threads than CPUs while they are busy.
 *
 * Measured on two CPUs, with two busy hosts: one thread each made 15 % more runs a second than two each, at a p99 of 43
 * instead of 69 ms (a sentence encoder, 8 texts), and 33 % more (small matrices). The price: where only one of them is
 * busy, its second thread is missing (a run of 38 instead of 23 ms, and of 1.15 instead of 1.05). Which will be busy
 * together nobody knows: a model that shall have more says so (`backend.options.intraOpThreads`).
 */
export function shareOf(cpus: UsableCpus, { heavy, light }: CpuSharers): UsableCpus {
  if (heavy + light <= 1) return cpus;
  const count = Math.max(1, Math.floor((cpus.count - light) / Math.max(1, heavy)));
  const others = light === 0 ? '' : ` and ${light} ${light === 1 ? 'host' : 'hosts'} of small ones`;
  return { count, reason: `${cpus.reason}, for ${heavy} large ${heavy === 1 ? 'model' : 'models'}${others}` };
}
