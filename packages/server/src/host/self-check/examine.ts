import { JitneyError, joinRows, type Model, type Tensor } from '@jitney/core';
import { compareAnswers, type Measure, rowsDiffer } from './agreement.js';
import type { Probe } from './probe.js';

/**
 * What the runs of one probe showed.
 *
 * - `agree`: each of `rows` rows alone equals itself among the others, to this cosine.
 * - `differ`: rows must not share a run.
 * - `undecided`: a run failed, all answers were the same, or they differ by what may be noise.
 */
export type Finding =
  | { readonly state: 'agree'; readonly rows: number; readonly cosine: number }
  | { readonly state: 'differ' | 'undecided' /** A clause. */; readonly reason: string };

/** Rows that ride together; fewer where a single run takes longer than that. */
const ROWS = 3;
const ROWS_WHEN_SLOW = 2;
const SLOW_RUN_MS = 1000;

/**
 * Runs each row of the probe alone, the first one twice, and all of them together, and compares.
 * @throws JitneyError `CANCELLED` after `signal`.
 */
export async function examine(model: Model, probe: Probe, measure: Measure, signal: AbortSignal): Promise<Finding> {
  try {
    const startedAtMs = performance.now();
    const first = await run(model, probe.row(0), signal);
    const rows = performance.now() - startedAtMs > SLOW_RUN_MS ? ROWS_WHEN_SLOW : ROWS;
    const repeated = compareAnswers(first, await run(model, probe.row(0), signal), 'strict');
    if (repeated.verdict !== 'agree') {
      return differ(`two equal runs answer differently, so it is random or unstable: ${repeated.reason}`);
    }
    const answers = [first];
    for (let row = 1; row < rows; row++) answers.push(await run(model, probe.row(row), signal));
    const shapeProblem = shapesOfRows(answers);
    if (shapeProblem !== null) return differ(shapeProblem);
    return await compareWithTogether(model, probe, { answers, measure, signal });
  } catch (thrown) {
    if (signal.aborted) throw JitneyError.from(thrown, 'CANCELLED');
    return undecided(`its run failed: ${JitneyError.from(thrown, 'MODEL_ERROR').message}`);
  }
}

interface AloneAnswers {
  /** One row's outputs in each place. */
  readonly answers: readonly (readonly Tensor[])[];
  readonly measure: Measure;
  readonly signal: AbortSignal;
}

async function compareWithTogether(model: Model, probe: Probe, alone: AloneAnswers): Promise<Finding> {
  const { answers, measure, signal } = alone;
  const rows = answers.length;
  let together: readonly Tensor[];
  try {
    together = await run(model, probe.rows(rows), signal);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return differ(`each row runs alone, but ${rows} together fail: ${JitneyError.from(thrown, 'MODEL_ERROR').message}`);
  }
  const joined = (answers[0] ?? []).map((_, output) => joinRows(answers.map((tensors) => tensors[output] as Tensor)));
  const agreement = compareAnswers(joined, together, measure);
  if (agreement.verdict !== 'agree') {
    const state = agreement.verdict === 'close' ? 'undecided' : 'differ';
    return { state, reason: `rows influence each other: alone and among ${rows}, ${agreement.reason}` };
  }
  if (!rowsDiffer(joined, rows)) return undecided('all rows got the same answer, which proves nothing');
  return { state: 'agree', rows, cosine: agreement.cosine };
}

function differ(reason: string): Finding {
  return { state: 'differ', reason };
}

function undecided(reason: string): Finding {
  return { state: 'undecided', reason };
}

/** Answers to one row each must have one row, and the same shape. */
function shapesOfRows(answers: readonly (readonly Tensor[])[]): string | null {
  for (const [output, { name, shape }] of (answers[0] ?? []).entries()) {
    if (shape[0] !== 1) return `output '${name}' does not follow the rows: one row gives [${shape}]`;
    const other = answers.find((tensors) => `${tensors[output]?.shape}` !== `${shape}`);
    if (other !== undefined) {
      return `the shape of output '${name}' depends on the values: one row gives [${shape}] or [${other[output]?.shape}]`;
    }
  }
  return null;
}

async function run(model: Model, tensors: readonly Tensor[], signal: AbortSignal): Promise<Tensor[]> {
  if (signal.aborted) throw new JitneyError('CANCELLED', 'The self-check was cancelled.');
  return await model.run({ tensors, outputs: null }, signal);
}
