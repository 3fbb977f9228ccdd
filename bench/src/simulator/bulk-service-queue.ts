/*
 * The oracle: a queue whose one server takes everything that waits, with Poisson arrivals and linear run times.
 *
 * Let L be what waits when a run has ended and B = max(L, 1) the next run's size (it begins at once, or with the first
 * arrival), T = α + βB its time, λ the rate, ρ = λβ < 1, and p = P(L = 0). Then L is Poisson with mean λT, and as L and B
 * have the same law from run to run,
 *
 *     E[B] = (λα + p) / (1 - ρ)                       from E[L] = λ E[T], E[B] = E[L] + p
 *     E[B²] = (λ²α² + 2λαρ E[B] + λα + ρ E[B] + p) / (1 - ρ²)      from E[L²] = λ² E[T²] + λ E[T], E[B²] = E[L²] + p
 *
 * In one cycle the B that run are there for T each, and those who come meanwhile, on average λT, for T/2 each. So, as a
 * cycle brings E[B] requests, a request takes on average
 *
 *     E[latency] = E[B T + λT²/2] / E[B] = α + β E[B²]/E[B] + (λ/2) E[T²]/E[B].
 *
 * Only p has no closed form. With p = 0 this is Inoue's bound 3α/(2(1-ρ)) + β(ρ+2)/(2(1-ρ²)), which is close wherever
 * runs hardly ever leave an empty queue; p itself comes from the embedded Markov chain below.
 *
 * Source: Y. Inoue, "Queueing analysis of GPU-based inference servers with dynamic batching: A closed-form
 * characterization", Performance Evaluation 147 (2021).
 */

export interface BulkServiceQueue {
  /** λ, arrivals per ms. */
  readonly ratePerMs: number;
  /** α */
  readonly alphaMs: number;
  /** β */
  readonly betaMs: number;
}

/** The closed form: an upper bound of the mean latency, which it approaches as the load grows. */
export function inoueBoundMs({ ratePerMs, alphaMs, betaMs }: BulkServiceQueue): number {
  const load = ratePerMs * betaMs;
  return (1.5 * alphaMs) / (1 - load) + ((betaMs / 2) * (load + 2)) / (1 - load * load);
}

/** The mean latency, exactly but for rounding, given how often a run leaves nobody behind. */
export function meanLatencyMs(queue: BulkServiceQueue, emptyShare = emptyShareOf(queue)): number {
  const { ratePerMs, alphaMs, betaMs } = queue;
  const load = ratePerMs * betaMs;
  const ahead = ratePerMs * alphaMs;
  const rows = (ahead + emptyShare) / (1 - load);
  const rowsSquared = (ahead * ahead + (2 * ahead + 1) * load * rows + ahead + emptyShare) / (1 - load * load);
  const timeSquared = alphaMs * alphaMs + 2 * alphaMs * betaMs * rows + betaMs * betaMs * rowsSquared;
  return alphaMs + (betaMs * rowsSquared + (ratePerMs / 2) * timeSquared) / rows;
}

/** The law of the chain is found once a step changes it by less than this, all probabilities together. */
const SETTLED = 1e-13;

/** P(L = 0) of the embedded chain, by the power method on its law. */
export function emptyShareOf({ ratePerMs, alphaMs, betaMs }: BulkServiceQueue): number {
  const free = 1 - ratePerMs * betaMs;
  const meanRows = (ratePerMs * alphaMs + 1) / free;
  const size = Math.ceil(meanRows + 12 * Math.sqrt(meanRows / free) + 20);
  const steps = Array.from({ length: size }, (_, waiting) =>
    poissonLaw(ratePerMs * (alphaMs + betaMs * Math.max(1, waiting)), size),
  );
  let law = new Float64Array(size);
  law[Math.round(meanRows)] = 1;
  for (;;) {
    const next = stepped(law, steps);
    const change = next.reduce((sum, share, waiting) => sum + Math.abs(share - law[waiting]!), 0);
    law = next;
    if (change < SETTLED) return law[0]!;
  }
}

/** Probabilities of so many and more. */
interface Law {
  readonly from: number;
  readonly shares: Float64Array;
}

function stepped(law: Float64Array, steps: readonly Law[]): Float64Array<ArrayBuffer> {
  const next = new Float64Array(law.length);
  steps.forEach(({ from, shares }, waiting) => {
    const weight = law[waiting]!;
    if (weight > 0) for (let i = 0; i < shares.length; i++) next[from + i]! += weight * shares[i]!;
  });
  return next;
}

/** Within nine standard deviations of the mean; what lies beyond the size counts as the last. */
function poissonLaw(mean: number, size: number): Law {
  const reach = 9 * Math.sqrt(mean) + 9;
  const from = Math.min(size - 1, Math.max(0, Math.floor(mean - reach)));
  const shares = new Float64Array(Math.min(size - 1, Math.ceil(mean + reach)) - from + 1);
  let logarithm = from * Math.log(mean) - mean - logFactorial(from);
  let rest = 1;
  for (let i = 0; i < shares.length; i++) {
    shares[i] = Math.exp(logarithm);
    rest -= shares[i]!;
    logarithm += Math.log(mean / (from + i + 1));
  }
  shares[shares.length - 1]! += rest;
  return { from, shares };
}

function logFactorial(n: number): number {
  let sum = 0;
  for (let factor = 2; factor <= n; factor++) sum += Math.log(factor);
  return sum;
}
