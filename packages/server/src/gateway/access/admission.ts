import { JitneyError, type Moment } from '@jitney/core';

export interface AdmissionLimits {
  readonly maxInFlightRequests: number;
  readonly maxInFlightBytes: number;
}

/** What an answer tells of how far behind this process is. */
export interface AnsweredInTime {
  readonly now: Moment;
  /** Since all of the request was here, what was spent in this process: not in the host, nor waiting for one. */
  readonly ownMs: number;
  /** How long the client would have waited. */
  readonly patienceMs: number;
}

/** The share of a client's patience that may be spent in this process; with less than half of it there is room for more. */
const OWN_SHARE = 0.25;
/** Requests are never bounded below this by being late. */
const LEAST_ALLOWED = 32;
const SHRINK = 0.9;
const GROWTH = 1 / 32;
/** Of one answer among those that say what clients usually wait. */
const PATIENCE_WEIGHT = 1 / 64;

/**
 * Counts what is in flight and refuses what would be too much, before it is parsed.
 *
 * How many requests are too many is learned where they have deadlines: if answers spend a good part of their clients'
 * patience in this process, as they do once it is asked for more than it can do, fewer are let in, and more again once
 * they do not (additive increase, multiplicative decrease: Chiu and Jain 1989). What waits in a host is the host's to bound.
 */
export class Admission {
  readonly limits: AdmissionLimits;
  requests = 0;
  bytes = 0;
  #allowed: number;
  #changedAtMs: Moment = 0;
  /** The logarithm of what clients wait, of late: so that a few who wait for little decide for nobody else. */
  #typicalPatience: number | null = null;
  /** Somebody was refused since the last change. */
  #wasFull = false;

  constructor(limits: AdmissionLimits) {
    this.limits = limits;
    this.#allowed = limits.maxInFlightRequests;
  }

  /** Requests that may be in flight now. */
  get allowed(): number {
    return Math.floor(this.#allowed);
  }

  /** @throws JitneyError `QUEUE_FULL` */
  enter(): Pass {
    if (this.requests >= this.allowed) {
      this.#wasFull = true;
      throw full(`${this.requests} requests are in flight`);
    }
    if (this.bytes >= this.limits.maxInFlightBytes) throw full(`${this.bytes} bytes are in flight`);
    this.requests += 1;
    return new Pass(this);
  }

  /** Once for each answer. */
  observe({ now, ownMs, patienceMs }: AnsweredInTime): void {
    const patience = Math.log(Math.max(1, patienceMs));
    this.#typicalPatience =
      (this.#typicalPatience ?? patience) + PATIENCE_WEIGHT * (patience - (this.#typicalPatience ?? patience));
    // What a change did is seen by those who came after it.
    if (now - this.#changedAtMs < ownMs) return;
    const mayMs = OWN_SHARE * Math.exp(this.#typicalPatience);
    if (ownMs > mayMs) {
      this.#change(now, Math.max(LEAST_ALLOWED, Math.min(this.#allowed, this.requests) * SHRINK));
    } else if (this.#wasFull && ownMs < mayMs / 2) {
      this.#change(now, this.#allowed * (1 + GROWTH) + 1);
    }
  }

  #change(now: Moment, allowed: number): void {
    this.#changedAtMs = now;
    this.#wasFull = false;
    this.#allowed = Math.min(this.limits.maxInFlightRequests, allowed);
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
