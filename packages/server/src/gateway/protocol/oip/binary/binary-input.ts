import {
  type Dtype,
  elementBytes,
  elementCount,
  JitneyError,
  type NumericDtype,
  type Tensor,
  viewNumericArray,
} from '@jitney/core';
import type { LargeBuffers } from '../../../../wire/large-buffers.js';
import { BlobCollector } from './blob-collector.js';
import { StringSplitter } from './string-splitter.js';

/** A tensor without its elements. */
export interface BinaryTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** An input whose elements arrive as binary tensor data: little-endian and row-major, BOOL a byte each. */
export class BinaryInput {
  readonly tensor: BinaryTensor;
  readonly #model: string;
  readonly #blob: BlobCollector;
  #strings: StringSplitter | null = null;

  /** @throws JitneyError `INVALID_ARGUMENT` where the shape asks for another number of bytes. */
  constructor(model: string, tensor: BinaryTensor, byteLength: number, memory: LargeBuffers) {
    this.#model = model;
    this.tensor = tensor;
    const width = elementBytes(tensor.dtype);
    const expected = width === null ? byteLength : width * elementCount(tensor.shape);
    if (expected !== byteLength) {
      throw new JitneyError(
        'INVALID_ARGUMENT',
        `input byte size mismatch for input '${tensor.name}' for model '${model}'. Expected ${expected}, got ${byteLength}`,
      );
    }
    this.#blob = new BlobCollector(byteLength, width ?? 1, memory);
  }

  /** Bytes that have not come. */
  get missing(): number {
    return this.#blob.missing;
  }

  /**
   * Takes what is missing from `chunk`, from `from` on, and answers how far that went.
   * @throws JitneyError `INVALID_ARGUMENT` for a BOOL that is neither 0 nor 1.
   */
  write(chunk: Uint8Array, from: number): number {
    const received = this.#blob.byteLength - this.missing;
    const to = this.#blob.write(chunk, from);
    if (this.tensor.dtype === 'BOOL') this.#checkBools(chunk.subarray(from, to), received);
    return to;
  }

  /** Does a bounded part of what remains once all bytes are there. True while there is more. */
  step(): boolean {
    return this.tensor.dtype === 'BYTES' && this.#splitter().step();
  }

  /**
   * The tensor: views of the bytes, not copies.
   * @throws JitneyError `INVALID_ARGUMENT` for BYTES whose lengths do not add up.
   */
  finish(): Tensor {
    const { dtype, shape } = this.tensor;
    if (dtype === 'BYTES') return { ...this.tensor, data: this.#splitter().finish() };
    const { buffer, byteOffset } = this.#blob.finish();
    return { ...this.tensor, data: viewNumericArray(dtype as NumericDtype, buffer, byteOffset, elementCount(shape)) };
  }

  #splitter(): StringSplitter {
    this.#strings ??= new StringSplitter(this.#model, this.tensor, this.#blob.finish());
    return this.#strings;
  }

  #checkBools(bytes: Uint8Array, before: number): void {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (byte <= 1) continue;
      throw new JitneyError(
        'INVALID_ARGUMENT',
        `element ${before + i} of BOOL input '${this.tensor.name}' for model '${this.#model}' is ${byte}, expected 0 or 1`,
      );
    }
  }
}
