import { JitneyError, joinRows, type Model, type Tensor } from '@jitney/core';
import { compareAnswers, type Measure, rowsDiffer } from './agreement.js';
import type { Probe } from './probe.js';

/**
 * What the runs of one probe showed.
 *
 * - `agree`: each row alone equals itself among others, to this cosine.
 * - `differ`: rows must not share a run.
 * - `undecided`: a run failed, or all answers were the same.
 */
export type Finding =
  | { readonly state: 'agree'; readonly cosine: number; readonly runMs: number }
  | { readonly state: 'differ'; readonly reason: string; readonly runMs: number }
  | { readonly state: 'undecided'; readonly reason: string; readonly runMs: number };

export interface ExamineOptions {
  readonly measure: Measure;
  /** Rows that ride together: 2 or more. */
  readonly rows: number;
  readonly signal: AbortSignal;
}

/**
 * Runs each row of the probe alone, the first one twice, and all of them together, and compares.
 * `runMs` is how long the first run took.
 * @throws JitneyError `CANCELLED` after `signal`.
 */
export async function examine(model: Model, probe: Probe, options: ExamineOptions): Promise<Finding> {
  const startedAtMs = performance.now();
  const first = await attempt(model, probe.row(0), options.signal);
  const runMs = performance.now() - startedAtMs;
  if (first instanceof JitneyError) return { state: 'undecided', reason: `its run failed: ${first.message}`, runMs };
  const again = await attempt(model, probe.row(0), options.signal);
  if (again instanceof JitneyError)
    return { state: 'undecided', reason: `its second run failed: ${again.message}`, runMs };
  const repeated = compareAnswers(first, again, 'strict');
  if (!repeated.agrees) {
    return {
      state: 'differ',
      reason: `two equal runs answer differently (random, or unstable): ${repeated.reason}`,
      runMs,
    };
  }
  return { ...(await compareRows(model, probe, { ...options, first })), runMs };
}

type RowFinding =
  | { readonly state: 'agree'; readonly cosine: number }
  | { readonly state: 'differ' | 'undecided'; readonly reason: string };

async function compareRows(
  model: Model,
  probe: Probe,
  { first, rows, measure, signal }: ExamineOptions & { readonly first: readonly Tensor[] },
): Promise<RowFinding> {
  const answers: (readonly Tensor[])[] = [first];
  for (let row = 1; row < rows; row++) {
    const answer = await attempt(model, probe.row(row), signal);
    if (answer instanceof JitneyError) return { state: 'undecided', reason: `its run failed: ${answer.message}` };
    answers.push(answer);
  }
  const shapeProblem = shapesOfRows(answers);
  if (shapeProblem !== null) return { state: 'differ', reason: shapeProblem };
  const together = await attempt(model, probe.rows(rows), signal);
  if (together instanceof JitneyError) {
    return { state: 'differ', reason: `each row runs alone, and ${rows} rows together fail: ${together.message}` };
  }
  const alone = first.map((_, output) => joinRows(answers.map((tensors) => tensors[output] as Tensor)));
  const agreement = compareAnswers(alone, together, measure);
  if (!agreement.agrees) {
    return { state: 'differ', reason: `rows influence each other: alone and among ${rows} rows ${agreement.reason}` };
  }
  if (!rowsDiffer(alone, rows))
    return { state: 'undecided', reason: 'every row got the same answer, which proves nothing' };
  return { state: 'agree', cosine: agreement.cosine };
}

/** Answers to one row each must have one row, and the same shape. */
function shapesOfRows(answers: readonly (readonly Tensor[])[]): string | null {
  for (const [output, { name, shape }] of (answers[0] ?? []).entries()) {
    if (shape[0] !== 1) return `output '${name}' does not follow the rows: one row gives [${shape}]`;
    const other = answers.find((tensors) => `${tensors[output]?.shape}` !== `${shape}`);
    if (other !== undefined) {
      return `the shape of output '${name}' depends on the values: [${shape}] or [${other[output]?.shape}] for one row`;
    }
  }
  return null;
}

/** The outputs, or the error the run ended with. */
async function attempt(model: Model, tensors: readonly Tensor[], signal: AbortSignal): Promise<Tensor[] | JitneyError> {
  if (signal.aborted) throw new JitneyError('CANCELLED', 'The self-check was cancelled.');
  try {
    return await model.run({ tensors, outputs: null }, signal);
  } catch (thrown) {
    if (signal.aborted) throw JitneyError.from(thrown, 'CANCELLED');
    return JitneyError.from(thrown, 'MODEL_ERROR');
  }
}
