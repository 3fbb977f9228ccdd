import { JitneyError, type Tensor } from '@jitney/core';
import type { LargeBuffers } from '../../../../wire/large-buffers.js';
import type { InferRequest } from '../../../call.js';
import type { InferParser } from '../infer-parser.js';
import type { JsonInferParser } from '../json-infer-parser.js';
import type { ParsedInput } from '../request/parsed-infer.js';
import { BinaryInput } from './binary-input.js';

export interface BinaryBodyOptions {
  readonly headerLength: number | null;
  readonly model: string;
  /** Where binary inputs are put that come in pieces. */
  readonly memory: LargeBuffers;
}

/**
 * A body that begins with JSON:
 *
 * ```
 * ┌──────────────────────┬────────────────┬────────────────┐
 * │ JSON, `headerLength` │ binary input 1 │ binary input 2 │  in the order of the request's inputs, without padding
 * └──────────────────────┴────────────────┴────────────────┘
 * ```
 * Without a header length all of it is JSON.
 */
export class BinaryBody implements InferParser {
  readonly #model: string;
  readonly #memory: LargeBuffers;
  readonly #json: JsonInferParser;
  /** Bytes of JSON that have not come; `null`: until the body ends. */
  #headerMissing: number | null;
  readonly #headerLength: number | null;
  /** Binary inputs in their order, once the JSON part has ended. */
  #inputs: readonly BinaryInput[] = [];
  /** Position of the one that is being received. */
  #next = 0;

  constructor(json: JsonInferParser, { headerLength, model, memory }: BinaryBodyOptions) {
    this.#json = json;
    this.#headerLength = headerLength;
    this.#headerMissing = headerLength;
    this.#model = model;
    this.#memory = memory;
  }

  write(chunk: Uint8Array): void {
    let at = 0;
    if (this.#headerMissing === null || this.#headerMissing > 0) at = this.#writeHeader(chunk);
    while (at < chunk.length) at = this.#writeBlob(chunk, at);
  }

  step(): boolean {
    return this.#json.step() || this.#inputs.some((input) => input.missing === 0 && input.step());
  }

  end(): InferRequest {
    if (this.#headerMissing === null) this.#endHeader();
    else if (this.#headerMissing > 0) throw this.#shortHeader(this.#headerMissing);
    const missing = this.#inputs.find((input) => input.missing > 0);
    if (missing !== undefined) throw this.#shortBlob(missing);
    const { inputs, ...request } = this.#json.end();
    return { ...request, inputs: this.#tensors(inputs) };
  }

  #writeHeader(chunk: Uint8Array): number {
    if (this.#headerMissing === null) {
      this.#json.write(chunk);
      return chunk.length;
    }
    const length = Math.min(this.#headerMissing, chunk.length);
    this.#json.write(chunk.subarray(0, length));
    this.#headerMissing -= length;
    if (this.#headerMissing === 0) this.#endHeader();
    return length;
  }

  #endHeader(): void {
    this.#inputs = this.#json
      .endDocument()
      .map(({ byteLength, ...tensor }) => new BinaryInput(this.#model, tensor, byteLength, this.#memory));
  }

  #writeBlob(chunk: Uint8Array, from: number): number {
    let input = this.#inputs[this.#next];
    while (input !== undefined && input.missing === 0) input = this.#inputs[++this.#next];
    if (input !== undefined) return input.write(chunk, from);
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `unexpected additional input data for model '${this.#model}': ${chunk.length - from} bytes or more are left over`,
    );
  }

  #tensors(inputs: readonly ParsedInput[]): Tensor[] {
    const binary = this.#inputs.values();
    return inputs.map(({ name, dtype, shape, source }) => {
      if (source.kind === 'data') return { name, dtype, shape, data: source.data };
      return (binary.next().value as BinaryInput).finish();
    });
  }

  #shortHeader(missing: number): JitneyError {
    const length = this.#headerLength as number;
    return new JitneyError(
      'INVALID_ARGUMENT',
      `Inference-Header-Content-Length is ${length}, but the body has only ${length - missing} bytes`,
    );
  }

  #shortBlob({ tensor, missing }: BinaryInput): JitneyError {
    return new JitneyError(
      'INVALID_ARGUMENT',
      `unexpected size for input '${tensor.name}', expecting ${missing} additional bytes for model '${this.#model}'`,
    );
  }
}
