import { isUtf8 } from 'node:buffer';
import {
  bf16ToNumber,
  type DtypeArrays,
  fp16ToNumber,
  JitneyError,
  type NumericDtype,
  type Tensor,
} from '@jitney/core';
import { writeAscii, writeInteger } from './ascii.js';
import type { ChunkWriter } from './chunk-writer.js';
import { writeFloat32 } from './float-text.js';
import { writeEscaped } from './string-text.js';

/** More than a comma and the longest element of any dtype but BYTES take (25 bytes: a 64-bit float). */
const MAX_ELEMENT_BYTES = 32;
const COMMA = 0x2c;

/** Bytes of strings between two rests. */
const STEP_BYTES = 64 * 1024;

/** Writes the element of an index at `at`; answers where it ends. */
type ElementWriter = (bytes: Uint8Array, at: number, index: number) => number;

/** The elements of a tensor on their way into JSON. */
export interface TensorText {
  /** Writes until a chunk is full or nothing is left; false: more is left, let others have their turn. */
  write(writer: ChunkWriter): boolean;
}

/**
 * A tensor's elements as the members of the JSON array `data`, flat and row-major.
 *
 * Floats come in the shortest form that reads back as the same value: for FP32 as a 32-bit float, for FP64, FP16 and
 * BF16 as a double (so FP16's 0.1 is 0.0999755859375, exactly what it holds). Not-a-number and infinities are bare
 * `NaN`, `Infinity` and `-Infinity`, as Triton writes and its clients read them. Integers are exact.
 *
 * Its `write` throws JitneyError `UNSUPPORTED` for a BYTES element that is not UTF-8.
 */
export function createTensorText(tensor: Tensor): TensorText {
  return tensor.dtype === 'BYTES' ? new StringsText(tensor) : new NumbersText(tensor);
}

class NumbersText implements TensorText {
  readonly #write: ElementWriter;
  readonly #count: number;
  #index = 0;

  constructor(tensor: Tensor) {
    this.#write = elementWriter(tensor);
    this.#count = tensor.data.length;
  }

  write(writer: ChunkWriter): boolean {
    this.#index = fillChunk(writer, this.#write, this.#index, this.#count);
    if (this.#index === this.#count) return true;
    writer.next();
    return false;
  }
}

/** Writes elements from `from` on while there is room; answers the first that was not written. */
function fillChunk(writer: ChunkWriter, write: ElementWriter, from: number, count: number): number {
  const { bytes } = writer;
  const last = bytes.length - MAX_ELEMENT_BYTES;
  let { at } = writer;
  let index = from;
  for (; index < count && at <= last; index++) {
    if (index > 0) bytes[at++] = COMMA;
    at = write(bytes, at, index);
  }
  writer.at = at;
  return index;
}

class StringsText implements TensorText {
  readonly #name: string;
  readonly #elements: readonly Uint8Array[];
  #index = 0;
  /** Bytes of the element that are written. */
  #from = 0;

  constructor({ name, data }: Tensor) {
    this.#name = name;
    this.#elements = data as readonly Uint8Array[];
  }

  write(writer: ChunkWriter): boolean {
    const restAt = writer.length + STEP_BYTES;
    for (; this.#index < this.#elements.length; this.#index++) {
      if (writer.length >= restAt) return false;
      if (!this.#writeElement(writer, this.#elements[this.#index] as Uint8Array, restAt)) return false;
    }
    return true;
  }

  #writeElement(writer: ChunkWriter, element: Uint8Array, restAt: number): boolean {
    if (this.#from === 0) {
      if (!isUtf8(element)) throw notText(this.#name, this.#index);
      writer.ascii(this.#index > 0 ? ',"' : '"');
    }
    while (this.#from < element.length) {
      if (writer.length >= restAt) return false;
      const to = Math.min(this.#from + STEP_BYTES, element.length);
      writeEscaped(writer, element, this.#from, to);
      this.#from = to;
    }
    writer.ascii('"');
    this.#from = 0;
    return true;
  }
}

function notText(output: string, index: number): JitneyError {
  return new JitneyError(
    'UNSUPPORTED',
    `element ${index} of output '${output}' is not valid UTF-8, so JSON cannot carry it: ` +
      "ask for it as binary ('binary_data': true in the output's parameters)",
  );
}

function elementWriter(tensor: Tensor): ElementWriter {
  const array = <D extends NumericDtype>(_dtype: D): DtypeArrays[D] => tensor.data as DtypeArrays[D];
  switch (tensor.dtype as NumericDtype) {
    case 'FP32':
      return floatWriter(array('FP32'));
    case 'FP64':
      return doubleWriter(array('FP64'));
    case 'FP16':
      return halfWriter(array('FP16'), fp16ToNumber);
    case 'BF16':
      return halfWriter(array('BF16'), bf16ToNumber);
    case 'BOOL':
      return boolWriter(array('BOOL'));
    case 'INT64':
    case 'UINT64':
      return wideWriter(array('INT64'));
    default:
      return integerWriter(array('INT32'));
  }
}

function floatWriter(data: Float32Array): ElementWriter {
  return (bytes, at, index) => writeFloat32(bytes, at, data[index] as number);
}

function doubleWriter(data: Float64Array): ElementWriter {
  return (bytes, at, index) => writeDouble(bytes, at, data[index] as number);
}

function halfWriter(data: Uint16Array, toNumber: (bits: number) => number): ElementWriter {
  return (bytes, at, index) => writeDouble(bytes, at, toNumber(data[index] as number));
}

function boolWriter(data: Uint8Array): ElementWriter {
  return (bytes, at, index) => writeAscii(bytes, at, data[index] === 0 ? 'false' : 'true');
}

function integerWriter(data: ArrayLike<number>): ElementWriter {
  return (bytes, at, index) => writeInteger(bytes, at, data[index] as number);
}

function wideWriter(data: ArrayLike<bigint>): ElementWriter {
  return (bytes, at, index) => {
    const value = data[index] as bigint;
    const number = Number(value);
    return Number.isSafeInteger(number) ? writeInteger(bytes, at, number) : writeAscii(bytes, at, value.toString());
  };
}

/** JavaScript's own shortest form, which lacks only -0. */
function writeDouble(bytes: Uint8Array, at: number, value: number): number {
  if (Number.isSafeInteger(value) && value !== 0) return writeInteger(bytes, at, value);
  return writeAscii(bytes, at, Object.is(value, -0) ? '-0' : String(value));
}
