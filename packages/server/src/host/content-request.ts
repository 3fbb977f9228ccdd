import { JitneyError, type LaneTiming, type Moment, type Tensor } from '@jitney/core';
import type { Body, RequestFrame } from '../wire/frames.js';
import type { Reply, RequestOrigin, Running } from './handle-request.js';
import { cancelled, timedOut } from './lane/endings.js';
import { laneEntry } from './lane-entry.js';
import { readContent } from './pipeline/content.js';
import { predictContent } from './predict.js';
import type { ServedModel } from './served-model.js';

/** A request of content as its stages see it. */
export interface Handling {
  readonly served: ServedModel;
  readonly frame: RequestFrame;
  /** Aborted when the request ended before its answer was there: the client left, or its deadline passed. */
  readonly signal: AbortSignal;
  now(): Moment;
  /** Puts rows into the lane and waits for them. */
  enqueue(tensors: readonly Tensor[], cost: number | undefined): Promise<Rows>;
  /** Tells the log of an item that failed in a request that did not. */
  report(error: JitneyError): void;
}

/** Rows back from the lane. */
export interface Rows {
  readonly outputs: readonly Tensor[];
  readonly timing: LaneTiming;
}

/**
 * A request whose content goes through the model's pipeline. It ends at its deadline or when it is cancelled even where
 * own code never answers; what that code does afterwards is of no consequence.
 */
export class ContentRequest implements Running, Handling {
  readonly served: ServedModel;
  readonly frame: RequestFrame;
  readonly #origin: RequestOrigin;
  readonly #receivedAtMs: Moment;
  readonly #controller = new AbortController();
  readonly #entryIds = new Set<number>();
  #cancelAlarm: () => void = () => {};
  #hasEnded = false;

  constructor(served: ServedModel, frame: RequestFrame, origin: RequestOrigin) {
    this.served = served;
    this.frame = frame;
    this.#origin = origin;
    this.#receivedAtMs = origin.clock.now();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(body: Extract<Body, { kind: 'content' }>): void {
    const { deadlineAtMs } = this.frame;
    if (deadlineAtMs <= this.#receivedAtMs) return this.#expire();
    this.#cancelAlarm = this.#origin.clock.at(deadlineAtMs, () => this.#expire());
    this.#answer(body).then(
      (reply) => this.#end(reply),
      (thrown) => this.#end({ state: 'failed', error: JitneyError.from(thrown) }),
    );
  }

  cancel(): void {
    this.#stop(cancelled());
  }

  now(): Moment {
    return this.#origin.clock.now();
  }

  enqueue(tensors: readonly Tensor[], cost: number | undefined): Promise<Rows> {
    const { lane, loaded } = this.served;
    return new Promise((resolve, reject) => {
      // Own code answered after the end of the request: nobody waits for a run.
      this.signal.throwIfAborted();
      const id = this.#origin.nextId();
      this.#entryIds.add(id);
      const entry = laneEntry({ id, tensors, cost, arrivedAtMs: this.now() }, this.frame, loaded.batching);
      lane.submit(entry, (outcome) => {
        this.#entryIds.delete(id);
        if (outcome.state === 'done') resolve(outcome);
        else reject(outcome.error);
      });
    });
  }

  report(error: JitneyError): void {
    this.#origin.report(error);
  }

  async #answer({ contentType, bytes }: Extract<Body, { kind: 'content' }>): Promise<Reply> {
    const { json, timing, encodedAtMs } = await predictContent(readContent(contentType, bytes), this);
    const decodedAtMs = this.now();
    return {
      state: 'done',
      body: { kind: 'content', contentType: 'application/json; charset=utf-8', bytes: Buffer.from(json) },
      timing: {
        ...timing,
        receivedAtMs: this.#receivedAtMs,
        encodedAtMs,
        decodedAtMs,
        expectedWaitMs: this.served.lane.expectedWaitMs(decodedAtMs),
      },
    };
  }

  #expire(): void {
    const waitedMs = (this.now() - this.#receivedAtMs).toFixed(0);
    this.#stop(timedOut(`it had been in the model's host for ${waitedMs} ms`));
  }

  #stop(error: JitneyError): void {
    if (this.#hasEnded) return;
    this.#controller.abort(error);
    for (const id of [...this.#entryIds]) this.served.lane.cancel(id);
    this.#end({ state: 'failed', error });
  }

  #end(reply: Reply): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelAlarm();
    this.#origin.settle(reply);
  }
}
