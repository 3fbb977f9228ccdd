import {
  type Dtype,
  elementBytes,
  elementCount,
  JitneyError,
  type NumericDtype,
  type Tensor,
  viewNumericArray,
} from '@jitney/core';

/** A tensor whose elements are still the bytes they came as. */
export interface BinaryTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** What the address of a tensor's bytes must be a multiple of. */
export function alignmentOf(dtype: Dtype): number {
  return elementBytes(dtype) ?? 1;
}

/**
 * Checks the size of a blob before it has come.
 * @throws JitneyError `INVALID_ARGUMENT` where the shape asks for another.
 */
export function checkBlobSize(model: string, { name, dtype, shape }: BinaryTensor, byteLength: number): void {
  const width = elementBytes(dtype);
  const expected = width === null ? null : width * elementCount(shape);
  if (expected === null || expected === byteLength) return;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `input byte size mismatch for input '${name}' for model '${model}'. Expected ${expected}, got ${byteLength}`,
  );
}

/**
 * The tensor that `bytes` hold, as views of them: little-endian and row-major; BOOL a byte each; BYTES elements behind
 * their lengths. The size must have been checked, and the bytes be aligned.
 * @throws JitneyError `INVALID_ARGUMENT` for a BOOL that is neither 0 nor 1, and for BYTES whose lengths do not add up.
 */
export function decodeBlob(model: string, tensor: BinaryTensor, bytes: Uint8Array): Tensor {
  const { name, dtype, shape } = tensor;
  if (dtype === 'BYTES') return { name, dtype, shape, data: splitStrings(model, tensor, bytes) };
  const data = viewNumericArray(dtype as NumericDtype, bytes.buffer, bytes.byteOffset, elementCount(shape));
  if (dtype === 'BOOL') checkBools(model, name, bytes);
  return { name, dtype, shape, data };
}

function checkBools(model: string, input: string, bytes: Uint8Array): void {
  const wrong = bytes.findIndex((byte) => byte > 1);
  if (wrong === -1) return;
  throw new JitneyError(
    'INVALID_ARGUMENT',
    `element ${wrong} of BOOL input '${input}' for model '${model}' is ${bytes[wrong]}, expected 0 or 1`,
  );
}

function splitStrings(model: string, { name, shape }: BinaryTensor, bytes: Uint8Array): Uint8Array[] {
  const expected = elementCount(shape);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const input = `inference input '${name}' for model '${model}'`;
  const elements: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (elements.length === expected) throw wrongStrings(input, expected, `more than ${expected}`);
    if (bytes.length - at < 4) {
      throw truncated(
        `incomplete string length indicator for ${input}, expecting 4 bytes`,
        elements,
        bytes.length - at,
      );
    }
    const length = view.getUint32(at, true);
    at += 4;
    if (bytes.length - at < length) {
      throw truncated(
        `incomplete string data for ${input}, expecting string of length ${length}`,
        elements,
        bytes.length - at,
      );
    }
    elements.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (elements.length !== expected) throw wrongStrings(input, expected, String(elements.length));
  return elements;
}

function truncated(what: string, elements: readonly Uint8Array[], left: number): JitneyError {
  return new JitneyError('INVALID_ARGUMENT', `${what} but only ${left} bytes available (element ${elements.length})`);
}

function wrongStrings(input: string, expected: number, got: string): JitneyError {
  return new JitneyError('INVALID_ARGUMENT', `expected ${expected} string elements for ${input}, got ${got}`);
}
