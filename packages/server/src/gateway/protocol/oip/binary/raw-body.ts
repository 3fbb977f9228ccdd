import { JitneyError } from '@jitney/core';
import type { InferRequest } from '../../../call.js';
import type { InferParser, InferSpec } from '../infer-parser.js';
import type { InferLimits } from '../limits.js';
import { Blob } from './blob.js';
import { alignmentOf, decodeBlob } from './decode-blob.js';
import { rawInput } from './raw-input.js';

/** A body without any JSON: the data of the model's one input. All outputs are answered in binary form. */
export class RawBody implements InferParser {
  readonly #spec: InferSpec;
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #byteLength = 0;

  constructor(spec: InferSpec, limits: InferLimits) {
    this.#spec = spec;
    this.#maxBytes = limits.maxTensorBytes;
  }

  write(chunk: Uint8Array): void {
    this.#byteLength += chunk.length;
    if (this.#byteLength > this.#maxBytes) {
      throw new JitneyError(
        'TOO_LARGE',
        `request body size exceeds the maximum allowed input size of ${this.#maxBytes} bytes`,
      );
    }
    this.#chunks.push(chunk);
  }

  step(): boolean {
    return false;
  }

  end(): InferRequest {
    const { model, signature, batching } = this.#spec;
    const tensor = rawInput(model, signature, batching, this.#byteLength);
    const blob = new Blob(this.#byteLength, alignmentOf(tensor.dtype));
    for (const chunk of this.#chunks) blob.write(chunk, 0);
    const bytes = blob.finish();
    const { name, dtype, shape } = tensor;
    const input = dtype === 'BYTES' ? { name, dtype, shape, data: [bytes] } : decodeBlob(model, tensor, bytes);
    return { id: null, inputs: [input], outputs: null, binaryOutputs: true, parameters: Object.create(null) };
  }
}
