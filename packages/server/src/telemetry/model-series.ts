import type { ErrorCode } from '@jitney/core';
import { Distribution, type Labels, type Sample } from './family.js';

/** Seconds: 0.1 ms to 30 s in steps of 2 and 2.5. */
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** The stages of an answered request, in their order: each begins where the one before ended. */
export const STAGES = ['parse', 'forward', 'encode', 'queue', 'run', 'decode', 'answer'] as const;
export type Stage = (typeof STAGES)[number];

/** `OK`, or how the request failed. */
export type Code = 'OK' | ErrorCode;

/** Everything that is counted of one model version. Made once, so that recording looks nothing up by its labels. */
export class ModelSeries {
  readonly labels: Labels;
  readonly total = new Distribution(SECONDS);
  readonly batchRows = new Distribution(ROWS);
  readonly stages: Readonly<Record<Stage, Distribution>>;
  answered = 0;
  retries = 0;
  requestBytes = 0;
  responseBytes = 0;
  /** protocol → code → requests */
  readonly #requests = new Map<string, Map<Code, number>>();

  constructor(model: string, version: string) {
    this.labels = { model, version };
    this.stages = Object.fromEntries(STAGES.map((stage) => [stage, new Distribution(SECONDS)])) as Record<
      Stage,
      Distribution
    >;
  }

  countRequest(protocol: string, code: Code): void {
    let codes = this.#requests.get(protocol);
    if (codes === undefined) {
      codes = new Map();
      this.#requests.set(protocol, codes);
    }
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }

  requestSamples(): Sample[] {
    return [...this.#requests].flatMap(([protocol, codes]) =>
      [...codes].map(([code, value]) => ({ labels: { ...this.labels, protocol, code }, value })),
    );
  }

  failureSamples(): Sample[] {
    const reasons = new Map<Code, number>();
    for (const codes of this.#requests.values()) {
      for (const [code, count] of codes) reasons.set(code, (reasons.get(code) ?? 0) + count);
    }
    reasons.delete('OK');
    return [...reasons].map(([reason, value]) => ({ labels: { ...this.labels, reason }, value }));
  }
}
