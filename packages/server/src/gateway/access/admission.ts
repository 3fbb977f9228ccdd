import { JitneyError } from '@jitney/core';

export interface AdmissionLimits {
  readonly maxInFlightRequests: number;
  readonly maxInFlightBytes: number;
}

/** Counts what is in flight and refuses what would be too much, before it is parsed. */
export class Admission {
  readonly limits: AdmissionLimits;
  requests = 0;
  bytes = 0;

  constructor(limits: AdmissionLimits) {
    this.limits = limits;
  }

  /** @throws JitneyError `QUEUE_FULL` */
  enter(): Pass {
    const { maxInFlightRequests, maxInFlightBytes } = this.limits;
    if (this.requests >= maxInFlightRequests) throw full(`${this.requests} requests are in flight`);
    if (this.bytes >= maxInFlightBytes) throw full(`${this.bytes} bytes are in flight`);
    this.requests += 1;
    return new Pass(this);
  }
}

/** A request's place among those in flight. */
export class Pass {
  readonly #admission: Admission;
  #held = 0;
  #isIn = true;

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** Says how many bytes the request holds from now on. @throws JitneyError `QUEUE_FULL` where that is too much. */
  hold(bytes: number): void {
    const grows = bytes > this.#held;
    this.holdAnswer(bytes);
    const { bytes: all, limits } = this.#admission;
    if (grows && all > limits.maxInFlightBytes) throw full(`${all} bytes are in flight`);
  }

  /** The same for its answer, which is never refused. */
  holdAnswer(bytes: number): void {
    if (!this.#isIn) return;
    this.#admission.bytes += bytes - this.#held;
    this.#held = bytes;
  }

  /** Gives the place up; more than once does no harm. */
  leave(): void {
    if (!this.#isIn) return;
    this.holdAnswer(0);
    this.#isIn = false;
    this.#admission.requests -= 1;
  }
}

const full = (why: string) =>
  new JitneyError('QUEUE_FULL', `Exceeds maximum queue size: ${why}`, { retryAfterMs: 1_000 });
