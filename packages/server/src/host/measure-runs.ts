import { type Clock, type KnownRun, type Model, type Moment, tensorBytes } from '@jitney/core';
import { createProbe, type Probe } from './self-check/probe.js';

export interface MeasuringOptions {
  /** Row counts to run, in this order; `null`: 1, 2, 4 … up to `maxRows`. */
  readonly rows: readonly number[] | null;
  readonly maxRows: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** No further run is begun when those before took this long, or when it would go beyond. */
const BUDGET_MS = 1_000;
/** Of each size; the first allocates what the others reuse, and counts for nothing. */
const RUNS_OF_SIZE = 3;
const MAX_BYTES = 64 * 2 ** 20;
/** Of free dimensions: as short as texts are at least. */
const SIZE = 16;
const VALUES = ['small', 'signed', 'wide'] as const;

/**
 * Runs a model with made-up rows of several counts and says what they took. A model that cannot run them gives nothing:
 * it learns from its first requests then.
 */
export async function measureRuns(model: Model, options: MeasuringOptions): Promise<readonly KnownRun[]> {
  const endsAtMs = options.clock.now() + BUDGET_MS;
  for (const values of VALUES) {
    const probe = createProbe(model.signature, model.facts, { size: SIZE, values, seed: 1 });
    if (probe === null) return [];
    const runs = await measureProbe(model, probe, endsAtMs, options);
    if (runs.length > 0) return runs;
  }
  return [];
}

async function measureProbe(
  model: Model,
  probe: Probe,
  endsAtMs: Moment,
  { rows: wanted, maxRows, clock, signal }: MeasuringOptions,
): Promise<readonly KnownRun[]> {
  const measured: KnownRun[] = [];
  for (const rows of wanted ?? powersOfTwo(maxRows)) {
    if (rows > maxRows) continue;
    try {
      const tensors = probe.rows(rows);
      if (rows > 1 && tensors.reduce((bytes, tensor) => bytes + tensorBytes(tensor), 0) > MAX_BYTES) break;
      for (let run = 0; run < RUNS_OF_SIZE; run++) {
        const startedAtMs = clock.now();
        await model.run({ tensors, outputs: null }, signal);
        const now = clock.now();
        const known = { rows, units: rows, tookMs: now - startedAtMs };
        // The next size takes about twice as long.
        const isLast = now + 2 * known.tookMs > endsAtMs;
        if (run > 0 || (isLast && measured.length === 0)) measured.push(known);
        if (isLast) return measured;
      }
    } catch {
      signal.throwIfAborted();
      break;
    }
  }
  return measured;
}

/** 1, 2, 4 … and `most` itself. */
function powersOfTwo(most: number): number[] {
  const powers: number[] = [];
  for (let power = 1; power < most; power *= 2) powers.push(power);
  return [...powers, most];
}
