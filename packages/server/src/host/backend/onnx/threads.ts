import { DEFAULT_SPIN_US, type SessionOptions } from '@jitney/onnxruntime';
import { type CpuSharers, LIGHT_MODEL_BYTES } from '../../../wire/cpu-sharers.js';
import type { UsableCpus } from '../../../wire/usable-cpus.js';

/** How many threads one run may use, how they wait for each other, and why. */
export interface ThreadChoice {
  readonly intraOpThreads: number;
  /** For `check` and the log: `2 threads, since …; each …`. */
  readonly reason: string;
}

export interface ThreadWishes {
  /** Weights and graph. */
  readonly modelBytes: number;
  /** What the manifest asks for. */
  readonly asked: Pick<SessionOptions, 'intraOpThreads' | 'spinUs' | 'configEntries'>;
}

/**
 * The manifest's number; else one thread for a small model and one a usable CPU for others.
 *
 * @param cpus - asked only where it depends on them
 */
export function chooseThreads({ modelBytes, asked }: ThreadWishes, cpus: () => UsableCpus): ThreadChoice {
  const { count, why } = countThreads(modelBytes, asked.intraOpThreads, cpus);
  // A run of one thread waits for no other.
  if (count === 1) return { intraOpThreads: 1, reason: `1 thread, ${why}` };
  return { intraOpThreads: count, reason: `${count} threads, ${why}; ${waiting(asked)}` };
}

interface Count {
  readonly count: number;
  readonly why: string;
}

function countThreads(modelBytes: number, asked: number | undefined, cpus: () => UsableCpus): Count {
  if (asked !== undefined) return { count: asked, why: 'as intraOpThreads says' };
  if (modelBytes < LIGHT_MODEL_BYTES)
    return { count: 1, why: `since the model is small (${kibibytes(modelBytes)} KiB)` };
  const { count, reason } = cpus();
  return { count, why: `since ${reason}` };
}

const ALLOW_SPINNING = 'session.intra_op.allow_spinning';

function waiting({ spinUs = DEFAULT_SPIN_US, configEntries = {} }: ThreadWishes['asked']): string {
  const entry = configEntries[ALLOW_SPINNING];
  if (entry !== undefined) return `they ${entry === '0' ? 'sleep' : 'spin'} between operators, as configEntries say`;
  if (spinUs === 0) return 'they sleep between operators';
  return `they wait ${spinUs} µs for the next operator, then sleep`;
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
