import type { InferRequest } from '../../call.js';
import { createInferParser, type InferParser, type InferParserOptions } from './infer-parser.js';
import type { FloatSlab } from './ordinary/float-slab.js';
import { readOrdinaryRequest } from './ordinary/ordinary-request.js';

export interface InferBodyOptions extends InferParserOptions {
  /** Bytes of the body where they are known before it comes and it is not compressed. */
  readonly bodyBytes: number | null;
  readonly slab: FloatSlab;
}

/** The body of an infer request: read at once where it comes in one piece and is ordinary, else by the full parser. */
export class InferBody implements InferParser {
  readonly #options: InferBodyOptions;
  #ordinary: InferRequest | null = null;
  #parser: InferParser | null = null;

  constructor(options: InferBodyOptions) {
    this.#options = options;
  }

  write(chunk: Buffer): void {
    const { bodyBytes, headerLength, slab } = this.#options;
    if (this.#parser === null && headerLength === null && chunk.length === bodyBytes) {
      this.#ordinary = readOrdinaryRequest(chunk, slab);
      if (this.#ordinary !== null) return;
    }
    this.#full().write(chunk);
  }

  step(): boolean {
    return this.#parser?.step() ?? false;
  }

  end(): InferRequest {
    return this.#ordinary ?? this.#full().end();
  }

  #full(): InferParser {
    this.#parser ??= createInferParser(this.#options);
    return this.#parser;
  }
}
