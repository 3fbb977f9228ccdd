import { JitneyError } from '@jitney/core';

export interface AdmissionLimits {
  readonly maxInFlightRequests: number;
  readonly maxInFlightBytes: number;
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
  enter(): void {
    if (this.requests >= this.#limits.maxInFlightRequests) throw full(`${this.requests} requests are in flight`);
    if (this.bytes >= this.#limits.maxInFlightBytes) throw full(`${this.bytes} bytes are in flight`);
    this.requests += 1;
  }

  /** Bytes that a request holds until it leaves. @throws JitneyError `QUEUE_FULL` */
  hold(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.#limits.maxInFlightBytes + bytes) throw full(`${this.bytes} bytes are in flight`);
  }

  leave(heldBytes: number): void {
    this.requests -= 1;
    this.bytes -= heldBytes;
  }
}

const full = (why: string) =>
  new JitneyError('QUEUE_FULL', `Exceeds maximum queue size: ${why}`, { retryAfterMs: 1_000 });
