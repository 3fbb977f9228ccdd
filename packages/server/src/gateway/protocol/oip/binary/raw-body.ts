import { JitneyError, type Tensor } from '@jitney/core';
import type { LargeBuffers } from '../../../../wire/large-buffers.js';
import type { InferRequest } from '../../../call.js';
import type { InferParser, InferSpec } from '../infer-parser.js';
import type { InferLimits } from '../limits.js';
import { BinaryInput, type BinaryTensor } from './binary-input.js';
import { rawInput } from './raw-input.js';

/** Bytes that one step puts together. */
const STEP_BYTES = 2 ** 20;

/** A body without any JSON: the data of the model's one input. All outputs are answered in binary form. */
export class RawBody implements InferParser {
  readonly #spec: InferSpec;
  readonly #maxBytes: number;
  readonly #memory: LargeBuffers;
  readonly #chunks: Uint8Array[] = [];
  #byteLength = 0;
  /** The input, known once all bytes are there, since its shape is told by their number. */
  #tensor: BinaryTensor | null = null;
  #bytes: BinaryInput | null = null;
  /** Chunks that have been put together. */
  #moved = 0;

  constructor(spec: InferSpec, limits: InferLimits, memory: LargeBuffers) {
    this.#spec = spec;
    this.#memory = memory;
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
    const bytes = this.#receiver();
    for (let moved = 0; moved < STEP_BYTES; this.#moved++) {
      const chunk = this.#chunks[this.#moved];
      if (chunk === undefined) return false;
      moved += bytes.write(chunk, 0);
    }
    return true;
  }

  end(): InferRequest {
    while (this.step());
    const { data, ...tensor } = { ...this.#receiver().finish(), ...this.#tensor };
    const input: Tensor = { ...tensor, data: tensor.dtype === 'BYTES' ? [data as Uint8Array] : data };
    return { id: null, inputs: [input], outputs: null, binaryOutputs: true, parameters: Object.create(null) };
  }

  #receiver(): BinaryInput {
    const { model, signature, batching } = this.#spec;
    this.#tensor ??= rawInput(model, signature, batching, this.#byteLength);
    // BYTES are one element without a length before it: as many single bytes.
    const asBytes: BinaryTensor = { ...this.#tensor, dtype: 'UINT8', shape: [this.#byteLength] };
    const tensor = this.#tensor.dtype === 'BYTES' ? asBytes : this.#tensor;
    this.#bytes ??= new BinaryInput(model, tensor, this.#byteLength, this.#memory);
    return this.#bytes;
  }
}
