import { createNumericArray, type Dtype, elementBytes, type NumericArray, type TensorData } from './dtype.js';

/**
 * A named, dense, row-major tensor in CPU memory.
 *
 * The receiver of a tensor may read `data` until it has answered; it never writes to it and never keeps it longer.
 * Tensors that stay on a device are a {@link DeviceTensor}.
 */
export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** Sizes, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor that never left the device of its backend: only that backend can read `handle`. */
export interface DeviceTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly backend: string;
  readonly handle: unknown;
}

/** Number of elements of a shape; 1 for a scalar. May exceed `Number.MAX_SAFE_INTEGER`: check before allocating. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (let i = 0; i < shape.length; i++) count *= shape[i] as number;
  return count;
}

/** Bytes of the elements; for BYTES each element counts with its 4-byte length, as on the wire. */
export function tensorBytes(tensor: Tensor): number {
  const width = elementBytes(tensor.dtype);
  if (width !== null) return (tensor.data as NumericArray).byteLength;
  let bytes = 0;
  for (const element of tensor.data as readonly Uint8Array[]) bytes += 4 + element.byteLength;
  return bytes;
}

/** Elements a row of `shape` holds, where rows are counted along the first dimension. */
export function rowElements(shape: readonly number[]): number {
  let count = 1;
  for (let i = 1; i < shape.length; i++) count *= shape[i] as number;
  return count;
}

/** Rows `[from, to)` along the first dimension, as a view without a copy. */
export function sliceRows(tensor: Tensor, from: number, to: number): Tensor {
  const width = rowElements(tensor.shape);
  const data =
    tensor.dtype === 'BYTES'
      ? (tensor.data as readonly Uint8Array[]).slice(from * width, to * width)
      : (tensor.data as NumericArray).subarray(from * width, to * width);
  return { name: tensor.name, dtype: tensor.dtype, shape: [to - from, ...tensor.shape.slice(1)], data };
}

/**
 * The rows of `parts` one after the other, along the first dimension. One part is returned as it is.
 * The parts must agree in dtype and in every dimension but the first.
 */
export function joinRows(parts: readonly Tensor[]): Tensor {
  const first = parts[0] as Tensor;
  if (parts.length === 1) return first;
  let rows = 0;
  for (const part of parts) rows += part.shape[0] as number;
  const shape = [rows, ...first.shape.slice(1)];
  if (first.dtype === 'BYTES') {
    return { name: first.name, dtype: first.dtype, shape, data: parts.flatMap((part) => part.data as Uint8Array[]) };
  }
  const data = createNumericArray(first.dtype, rows * rowElements(shape)) as Float32Array;
  let offset = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, offset);
    offset += (part.data as Float32Array).length;
  }
  return { name: first.name, dtype: first.dtype, shape, data };
}
