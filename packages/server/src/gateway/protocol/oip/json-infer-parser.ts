import { type Dtype, JitneyError } from '@jitney/core';
import { JsonScanner } from './json/scanner.js';
import type { InferLimits } from './limits.js';
import type { BinarySection, ParsedInfer } from './request/parsed-infer.js';
import { RequestReceiver } from './request/request.js';

export interface JsonInferOptions {
  /** Named in messages. */
  readonly model: string;
  readonly limits: InferLimits;
  /** Dtype of the model's input of that name, `null` where it has none. */
  readonly dtypeOf: (input: string) => Dtype | null;
}

/** Bytes of postponed data that one step reads: about half a millisecond. */
const STEP_BYTES = 64 * 1024;

interface Postponed {
  readonly scanner: JsonScanner;
  readonly bytes: Uint8Array;
  read: number;
}

/**
 * Parses the JSON of an infer request as its bytes arrive, cut anywhere.
 *
 * Numbers go from the bytes into typed arrays, equal to what JSON.parse and a copy would give. Memory grows with the
 * bytes received, never with what a shape announces. After an error the parser must not be used again.
 */
export class JsonInferParser {
  readonly #scanner: JsonScanner;
  readonly #request: RequestReceiver;
  readonly #maxBytes: number;
  readonly #postponed: Postponed[] = [];
  #received = 0;

  constructor({ model, limits, dtypeOf }: JsonInferOptions) {
    const postpone = (bytes: Uint8Array, scanner: JsonScanner): void => {
      this.#postponed.push({ bytes, scanner, read: 0 });
    };
    this.#request = new RequestReceiver({ model, limits, dtypeOf, postpone });
    this.#scanner = new JsonScanner(this.#request);
    this.#maxBytes = limits.maxJsonBytes;
  }

  /**
   * Reads the next bytes; none are kept. Takes time in proportion to them: cut what is above 64 KiB.
   * @throws JitneyError `INVALID_ARGUMENT`, `UNPARSABLE`, `TOO_LARGE`, `UNSUPPORTED`.
   */
  write(chunk: Uint8Array): void {
    this.#received += chunk.length;
    if (this.#received > this.#maxBytes) {
      throw new JitneyError(
        'TOO_LARGE',
        `request JSON size exceeds the maximum allowed input size of ${this.#maxBytes} bytes. ` +
          'Send large tensors as binary tensor data, or raise the limit.',
      );
    }
    this.#scanner.write(chunk);
  }

  /** Does a bounded part of what had to wait for a later member. True while more is left: call again in another turn. */
  step(): boolean {
    const work = this.#postponed[0];
    if (work === undefined) return false;
    const to = Math.min(work.read + STEP_BYTES, work.bytes.length);
    work.scanner.write(work.bytes, work.read, to);
    work.read = to;
    if (to === work.bytes.length) {
      work.scanner.end();
      this.#postponed.shift();
    }
    return this.#postponed.length > 0;
  }

  /**
   * Ends the document, and answers which of its inputs lie behind it, in their order. Postponed data need not be read.
   * @throws JitneyError as `write`, also for a document that is not complete.
   */
  endDocument(): readonly BinarySection[] {
    this.#scanner.end();
    return this.#request.binarySections();
  }

  /** The request. Ends the document, and does at once what `step` has not done. */
  end(): ParsedInfer {
    this.#scanner.end();
    while (this.step());
    return this.#request.finish();
  }
}
