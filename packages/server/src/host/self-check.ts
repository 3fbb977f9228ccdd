import type { Batching, Model } from '@jitney/core';
import { examine, type Finding } from './self-check/examine.js';
import { createProbe, type Recipe } from './self-check/probe.js';

export interface SelfCheckOptions {
  /** False: the operator wants no batching. */
  readonly enabled: boolean;
  /** Most rows a run may hold. */
  readonly maxRows: number;
}

/**
 * Judges whether rows of different requests may share a run of `model`: each row alone and among others must give the
 * same answer, for two sizes of the free dimensions. What cannot be decided is not batched; `reason` says why.
 *
 * It runs the model with small valid values, so what may end the process does it here, before a request is in it.
 * @throws JitneyError `CANCELLED` after `signal`.
 */
export async function judgeBatching(model: Model, options: SelfCheckOptions, signal: AbortSignal): Promise<Batching> {
  const { facts } = model;
  const whole = (reason: string): Batching => ({ mode: 'whole', maxRows: facts.maxRows === 1 ? 1 : null, reason });
  if (!options.enabled) return whole('batching is switched off for this model');
  if (facts.unbatchable !== null) return whole(facts.unbatchable);
  const verdict = await examineSizes(model, signal);
  if (!verdict.batchable) return whole(verdict.reason);
  return {
    mode: 'rows',
    maxRows: Math.min(options.maxRows, facts.maxRows ?? options.maxRows),
    shared: facts.sharedInputs,
    sensitive: facts.batchSensitive,
    reason: verdict.reason,
  };
}

/** Tried in this order until two are decided: some graphs need texts or pictures of a certain size. */
const SIZES: readonly number[] = [4, 7, 32, 64, 224];
const DECIDED_SIZES = 2;
/** Tried in this order until one is decided. */
const VALUES: readonly Recipe['values'][] = ['small', 'signed', 'wide'];
const ROWS = 3;
/** A model whose single run takes longer is probed at one size only. */
const SLOW_RUN_MS = 1000;

interface Verdict {
  readonly batchable: boolean;
  readonly reason: string;
}

async function examineSizes(model: Model, signal: AbortSignal): Promise<Verdict> {
  const decided: number[] = [];
  let cosine = 1;
  let undecided = '';
  for (const size of hasFreeDimensions(model) ? SIZES : SIZES.slice(0, 1)) {
    const finding = await examineSize(model, size, signal);
    if (finding.state === 'differ') return { batchable: false, reason: finding.reason };
    if (finding.state === 'undecided') {
      undecided ||= finding.reason;
      continue;
    }
    decided.push(size);
    cosine = Math.min(cosine, finding.cosine);
    if (decided.length === DECIDED_SIZES || finding.runMs > SLOW_RUN_MS) break;
  }
  if (decided.length === 0) return { batchable: false, reason: `the self-check could not decide: ${undecided}` };
  return { batchable: true, reason: describeAgreement(model, decided, cosine) };
}

/** The finding of the first recipe that decides, or of the last. */
async function examineSize(model: Model, size: number, signal: AbortSignal): Promise<Finding> {
  const measure = model.facts.batchSensitive ? 'loose' : 'strict';
  let finding: Finding = { state: 'undecided', reason: 'its inputs are too large to make up', runMs: 0 };
  for (const values of VALUES) {
    const probe = createProbe(model.signature, model.facts.sharedInputs, { size, values });
    if (probe === null) return finding;
    finding = await examine(model, probe, { measure, rows: ROWS, signal });
    if (finding.state !== 'undecided' || finding.runMs > SLOW_RUN_MS) return finding;
  }
  return finding;
}

function hasFreeDimensions({ signature, facts }: Model): boolean {
  return signature.inputs.some(({ name, shape, optional }) => {
    const inner = facts.sharedInputs.includes(name) ? shape : shape?.slice(1);
    return !optional && inner?.some((dimension) => typeof dimension !== 'number');
  });
}

function describeAgreement(model: Model, sizes: readonly number[], cosine: number): string {
  const where = hasFreeDimensions(model) ? `, with free dimensions of ${sizes.join(' and ')}` : '';
  if (!model.facts.batchSensitive) return `each of ${ROWS} rows alone equals itself among the others${where}`;
  return (
    `batch-sensitive, since it quantises over the whole batch: each of ${ROWS} rows alone resembles itself among the ` +
    `others (cosine ${cosine.toFixed(3)})${where}`
  );
}
