import { JitneyError } from '@jitney/core';

export interface AdmissionLimits {
  readonly maxInFlightRequests: number;
  readonly maxInFlightBytes: number;
}

/** A request's place among those in flight. */
export interface Pass {
  /** Says how many bytes the request holds from now on. @throws JitneyError `QUEUE_FULL` where that is too much. */
  hold(bytes: number): void;
  /** The same for its answer, which is never refused. */
  holdAnswer(bytes: number): void;
  /** Gives the place up; more than once does no harm. */
  leave(): void;
}

/** Counts what is in flight and refuses what would be too much, before it is parsed. */
export class Admission {
  readonly #limits: AdmissionLimits;
  requests = 0;
  bytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** @throws JitneyError `QUEUE_FULL` */
  enter(): Pass {
    const { maxInFlightRequests, maxInFlightBytes } = this.#limits;
    if (this.requests >= maxInFlightRequests) throw full(`${this.requests} requests are in flight`);
    if (this.bytes >= maxInFlightBytes) throw full(`${this.bytes} bytes are in flight`);
    this.requests += 1;
    let held = 0;
    let isIn = true;
    const become = (bytes: number) => {
      if (!isIn) return;
      this.bytes += bytes - held;
      held = bytes;
    };
    return {
      hold: (bytes) => {
        const grows = bytes > held;
        become(bytes);
        if (grows && this.bytes > maxInFlightBytes) throw full(`${this.bytes} bytes are in flight`);
      },
      holdAnswer: become,
      leave: () => {
        if (!isIn) return;
        become(0);
        isIn = false;
        this.requests -= 1;
      },
    };
  }
}

const full = (why: string) =>
  new JitneyError('QUEUE_FULL', `Exceeds maximum queue size: ${why}`, { retryAfterMs: 1_000 });
