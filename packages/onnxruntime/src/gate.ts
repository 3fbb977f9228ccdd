import { JitneyError } from '@jitney/core';

/** Shifting an array that long costs more than the entries it frees. */
const COMPACT_AT = 1024;

/** One that waits; both are `null` once it left the queue by itself. */
interface Waiting {
  enter: (() => void) | null;
  refuse: ((error: JitneyError) => void) | null;
}

/**
 * Lets in a bounded number of calls, the rest wait in order. Native calls take threads of libuv's pool, which Node's
 * own file and DNS work shares.
 */
export class Gate {
  readonly capacity: number;
  #inside = 0;
  #queue: Waiting[] = [];
  #head = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /**
   * Does `work` when its turn comes.
   * @throws JitneyError `CANCELLED` when `signal` fires while it waits; after that the signal is for `work` to heed.
   */
  async pass<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#inside < this.capacity) this.#inside++;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Refuses all that wait. */
  clear(error: JitneyError): void {
    const waiting = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    for (const { refuse } of waiting) refuse?.(error);
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = () => waiting.refuse?.(new JitneyError('CANCELLED', 'Cancelled while it waited for its turn.'));
      const leave = () => {
        waiting.enter = null;
        waiting.refuse = null;
        signal?.removeEventListener('abort', cancel);
      };
      const waiting: Waiting = {
        enter: () => {
          leave();
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      signal?.addEventListener('abort', cancel, { once: true });
      this.#queue.push(waiting);
    });
  }

  /** Hands the place to the first that still waits. */
  #leave(): void {
    while (this.#head < this.#queue.length) {
      const { enter } = this.#queue[this.#head++] as Waiting;
      this.#compact();
      if (enter !== null) return enter();
    }
    this.#inside--;
  }

  #compact(): void {
    if (this.#head < COMPACT_AT && this.#head < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}

/** Native calls at once: the threads of libuv's pool, less one for Node's own work. */
export function poolCapacity(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const threads = Number.parseInt(env.UV_THREADPOOL_SIZE ?? '', 10);
  return Math.max(1, (threads >= 1 ? Math.min(threads, 1024) : 4) - 1);
}
