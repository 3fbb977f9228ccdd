import { JitneyError } from '@jitney/core';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Counts how deep the arrays and objects of a JSON text lie inside each other, as its bytes arrive, cut anywhere, so
 * that whoever walks through the values later has stack enough. It looks at nothing else: what is no JSON passes.
 */
export class JsonDepth {
  readonly #maxDepth: number;
  #depth = 0;
  #inString = false;
  #afterBackslash = false;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  /** @throws JitneyError `INVALID_ARGUMENT` for more levels than are allowed. */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#inString) this.#stringByte(byte);
      else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#open();
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.#depth--;
    }
  }

  #stringByte(byte: number): void {
    if (this.#afterBackslash) this.#afterBackslash = false;
    else if (byte === BACKSLASH) this.#afterBackslash = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #open(): void {
    if (++this.#depth <= this.#maxDepth) return;
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `the JSON is nested deeper than ${this.#maxDepth} levels: raise that with --set limits.maxDepth=N`,
    );
  }
}
