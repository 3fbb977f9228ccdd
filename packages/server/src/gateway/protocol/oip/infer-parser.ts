import { type Batching, type Dtype, JitneyError, type Signature } from '@jitney/core';
import { LargeBuffers } from '../../../wire/large-buffers.js';
import type { InferRequest } from '../../call.js';
import { BinaryBody } from './binary/binary-body.js';
import { RawBody } from './binary/raw-body.js';
import { JsonInferParser } from './json-infer-parser.js';
import { DEFAULT_INFER_LIMITS, type InferLimits } from './limits.js';

/** What a parser must know of the model: as its host announced it. */
export interface InferSpec {
  readonly model: string;
  readonly signature: Signature;
  readonly batching: Batching;
}

export interface InferParserOptions extends InferSpec {
  /**
   * The header `Inference-Header-Content-Length`: bytes of the JSON part, binary tensor data follow. `null`: no such
   * header, all is JSON. 0: all is the raw data of the model's one input.
   */
  readonly headerLength: number | null;
  /** Default {@link DEFAULT_INFER_LIMITS}. */
  readonly limits?: InferLimits;
  /** Where binary tensor data is put that comes in pieces. Default: its own. */
  readonly memory?: LargeBuffers;
}

/**
 * Parses the body of an infer request, decompressed, as its bytes arrive.
 *
 * Every method throws a JitneyError for what is wrong; after that the parser must not be used again. The request is
 * well formed then, but not yet checked against the model: see `validateInputs` and `validateOutputs`.
 */
export interface InferParser {
  /**
   * Reads the next bytes, cut anywhere. Takes time in proportion to them: cut what is above 64 KiB. The bytes must not
   * change afterwards, since binary tensors may be views of them.
   */
  write(chunk: Uint8Array): void;
  /** Once all bytes are written: does a bounded part of what remains. True while there is more, for another turn. */
  step(): boolean;
  /** Answers the request; does at once what `step` has not done. */
  end(): InferRequest;
}

export function createInferParser(options: InferParserOptions): InferParser {
  const { headerLength, limits = DEFAULT_INFER_LIMITS, memory = new LargeBuffers(), model, signature } = options;
  if (headerLength === 0) return new RawBody(options, limits, memory);
  const dtypeOf = (input: string): Dtype | null => signature.inputs.find(({ name }) => name === input)?.dtype ?? null;
  return new BinaryBody(new JsonInferParser({ model, limits, dtypeOf }), { headerLength, model, memory });
}

/**
 * The value of the header `Inference-Header-Content-Length`, `null` where it is absent.
 * @param contentLength - bytes of the whole body where they are known, decompressed
 * @throws JitneyError `INVALID_ARGUMENT` for what is no length, or more than the body has.
 */
export function parseHeaderLength(header: string | undefined, contentLength: number | null): number | null {
  if (header === undefined) return null;
  const length = /^\s*\d+\s*$/.test(header) ? Number(header) : Number.NaN;
  if (length <= Math.min(contentLength ?? MOST_BYTES, MOST_BYTES)) return length;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `Inference-Header-Content-Length must be a number of bytes from 0 to the body's length, got '${header.slice(0, 40)}'`,
  );
}

/** Triton keeps the length in an int. */
const MOST_BYTES = 2 ** 31 - 1;
