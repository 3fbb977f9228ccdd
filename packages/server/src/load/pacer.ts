/** A timer of Node comes up to 1 ms early or late: this far ahead of a moment it hands over to naps. */
const TIMER_MARGIN_MS = 2;

/** Answers wait for as long as a nap lasts, so naps are short; a millisecond of them costs some 0.1 ms of CPU. */
const LONGEST_NAP_MS = 0.1;

/** So many are sent before answers are read again, when many are due at once. */
const SENDS_A_TURN = 32;

export interface PacerOptions {
  /** Ascending, in ms from the start. */
  readonly momentsMs: Float64Array;
  /** Called once at each moment, never before it. */
  readonly onMoment: (index: number) => void;
  /** All moments have come. */
  readonly onEnd: () => void;
}

/**
 * Calls at precise moments without holding a core: setTimeout while there is time, then naps of 0.1 ms between turns of
 * the event loop, which wake to some 0.05 ms. Spinning would take what the server needs.
 */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #napCell = new Int32Array(new SharedArrayBuffer(4));
  #next = 0;
  #startedAtMs = 0;
  #isStopped = false;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** On the clock of performance.now(). */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  start(): void {
    this.#startedAtMs = performance.now();
    this.#turn();
  }

  stop(): void {
    this.#isStopped = true;
  }

  readonly #turn = (): void => {
    const { momentsMs, onMoment, onEnd } = this.#options;
    for (let sends = 0; sends < SENDS_A_TURN && this.#isDue(); sends++) onMoment(this.#next++);
    if (this.#isStopped) return;
    if (this.#next === momentsMs.length) return onEnd();
    const waitMs = this.#waitMs();
    if (waitMs > TIMER_MARGIN_MS + 1) return void setTimeout(this.#turn, Math.floor(waitMs - TIMER_MARGIN_MS));
    if (waitMs > 0) Atomics.wait(this.#napCell, 0, 0, Math.min(waitMs, LONGEST_NAP_MS));
    setImmediate(this.#turn);
  };

  #isDue(): boolean {
    return !this.#isStopped && this.#next < this.#options.momentsMs.length && this.#waitMs() <= 0;
  }

  #waitMs(): number {
    return this.#startedAtMs + this.#options.momentsMs[this.#next]! - performance.now();
  }
}
