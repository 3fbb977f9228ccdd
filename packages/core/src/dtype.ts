/**
 * Element types, named as the Open Inference Protocol names them.
 *
 * `BYTES` elements have no fixed width; FP16 and BF16 are kept as their 16 raw bits.
 */
export const DTYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
  'BYTES',
] as const;

export type Dtype = (typeof DTYPES)[number];

/** Dtypes whose elements have a fixed width and live in a typed array. */
export type NumericDtype = Exclude<Dtype, 'BYTES'>;

/** What holds the elements of each dtype. BOOL is one byte (0 or 1) an element. */
export interface DtypeArrays {
  BOOL: Uint8Array;
  UINT8: Uint8Array;
  UINT16: Uint16Array;
  UINT32: Uint32Array;
  UINT64: BigUint64Array;
  INT8: Int8Array;
  INT16: Int16Array;
  INT32: Int32Array;
  INT64: BigInt64Array;
  FP16: Uint16Array;
  BF16: Uint16Array;
  FP32: Float32Array;
  FP64: Float64Array;
}

export type NumericArray = DtypeArrays[NumericDtype];

/** The elements of a tensor: a typed array, or for BYTES one `Uint8Array` an element. */
export type TensorData = NumericArray | readonly Uint8Array[];

interface NumericArrayConstructor {
  new (length: number): NumericArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): NumericArray;
  readonly BYTES_PER_ELEMENT: number;
}

const ARRAYS: { readonly [D in NumericDtype]: NumericArrayConstructor } = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

const KNOWN: ReadonlySet<string> = new Set(DTYPES);

export function isDtype(name: string): name is Dtype {
  return KNOWN.has(name);
}

export function isFloat(dtype: Dtype): boolean {
  return dtype === 'FP32' || dtype === 'FP64' || dtype === 'FP16' || dtype === 'BF16';
}

/** Bytes an element takes, or `null` for BYTES. */
export function elementBytes(dtype: Dtype): number | null {
  return dtype === 'BYTES' ? null : ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** A zero-filled array of `length` elements. */
export function createNumericArray<D extends NumericDtype>(dtype: D, length: number): DtypeArrays[D] {
  return new ARRAYS[dtype](length) as DtypeArrays[D];
}

/**
 * A view of `length` elements over `buffer`, without a copy.
 * @throws RangeError when `byteOffset` is not a multiple of the element's width, or the view leaves the buffer.
 */
export function viewNumericArray<D extends NumericDtype>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): DtypeArrays[D] {
  return new ARRAYS[dtype](buffer, byteOffset, length) as DtypeArrays[D];
}
