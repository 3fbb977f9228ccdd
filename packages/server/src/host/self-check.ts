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

interface Verdict {
  readonly batchable: boolean;
  readonly reason: string;
}

/** Tried in this order until two are decided: some graphs need texts or pictures of a certain size. */
const SIZES: readonly number[] = [4, 7, 32, 64, 224];
const DECIDED_SIZES = 2;
/** Tried in this order until one is decided. */
const VALUES: readonly Pick<Recipe, 'values' | 'seed'>[] = [
  { values: 'small', seed: 1 },
  { values: 'signed', seed: 2 },
  { values: 'wide', seed: 3 },
  { values: 'wide', seed: 4 },
  { values: 'wide', seed: 5 },
];
/** No further probe is begun when those before took this long. */
const BUDGET_MS = 1000;

async function examineSizes(model: Model, signal: AbortSignal): Promise<Verdict> {
  const endsAtMs = performance.now() + BUDGET_MS;
  const sizes = hasFreeDimensions(model) ? SIZES : SIZES.slice(0, 1);
  const agreed: SizeFinding[] = [];
  let undecided = '';
  for (const size of sizes) {
    const finding = await examineSize(model, size, { endsAtMs, signal });
    if (finding.state === 'differ') return { batchable: false, reason: finding.reason };
    if (finding.state === 'agree') agreed.push({ size, ...finding });
    else undecided ||= finding.reason;
    if (agreed.length === DECIDED_SIZES || performance.now() > endsAtMs) break;
  }
  if (agreed.length === 0) return { batchable: false, reason: `the self-check could not decide: ${undecided}` };
  return { batchable: true, reason: describeAgreement(model, agreed) };
}

interface Bounds {
  readonly endsAtMs: number;
  readonly signal: AbortSignal;
}

/** What the first values showed that decide, or else the first that do not. */
async function examineSize(model: Model, size: number, { endsAtMs, signal }: Bounds): Promise<Finding> {
  const measure = model.facts.batchSensitive ? 'loose' : 'strict';
  let undecided: Finding | null = null;
  for (const values of VALUES) {
    const probe = createProbe(model.signature, model.facts, { size, ...values });
    if (probe === null) break;
    const finding = await examine(model, probe, measure, signal);
    if (finding.state !== 'undecided') return finding;
    undecided ??= finding;
    if (performance.now() > endsAtMs) break;
  }
  return undecided ?? { state: 'undecided', reason: 'its inputs are too large to make up' };
}

function hasFreeDimensions({ signature, facts }: Model): boolean {
  return signature.inputs.some(({ name, shape, optional }) => {
    const inner = facts.sharedInputs.includes(name) ? shape : shape?.slice(1);
    return !optional && inner?.some((dimension) => typeof dimension !== 'number');
  });
}

interface SizeFinding {
  readonly size: number;
  readonly rows: number;
  readonly cosine: number;
}

function describeAgreement(model: Model, agreed: readonly SizeFinding[]): string {
  const sizes = agreed.map(({ size }) => size).join(' and ');
  const where = hasFreeDimensions(model) ? `, with free dimensions of ${sizes}` : '';
  const rows = Math.min(...agreed.map((finding) => finding.rows));
  if (!model.facts.batchSensitive) return `each of ${rows} rows alone equals itself among the others${where}`;
  const cosine = Math.min(...agreed.map((finding) => finding.cosine)).toFixed(3);
  return (
    'batch-sensitive, since it quantises over the whole batch: ' +
    `each of ${rows} rows alone resembles itself among the others (cosine ${cosine})${where}`
  );
}
