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

/**
 * Writes a tensor's elements as the JSON array `data`, flat and row-major. Yields whenever a chunk is full, so that
 * others get their turn.
 *
 * Floats come in the shortest form that reads back as the same value: for FP32 as a 32-bit float, for FP64, FP16 and
 * BF16 as a double (so FP16's 0.1 is 0.0999755859375, exactly what it holds). Not-a-number and infinities are bare
 * `NaN`, `Infinity` and `-Infinity`, as Triton writes and its clients read them. Integers are exact.
 *
 * @throws JitneyError `UNSUPPORTED` for a BYTES element that is not UTF-8.
 */
export function* writeTensorText(writer: ChunkWriter, tensor: Tensor): Generator<void, void> {
  writer.ascii('[');
  if (tensor.dtype === 'BYTES') yield* writeStrings(writer, tensor);
  else yield* writeElements(writer, elementWriter(tensor), tensor.data.length);
  writer.ascii(']');
}

function* writeElements(writer: ChunkWriter, write: ElementWriter, count: number): Generator<void, void> {
  for (let index = 0; index < count; ) {
    index = fillChunk(writer, write, index, count);
    if (index === count) return;
    writer.next();
    yield;
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

function* writeStrings(writer: ChunkWriter, { name, data }: Tensor): Generator<void, void> {
  const elements = data as readonly Uint8Array[];
  let rested = writer.length;
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index] as Uint8Array;
    if (!isUtf8(element)) throw notText(name, index);
    writer.ascii(index > 0 ? ',"' : '"');
    for (let from = 0; from < element.length; from += STEP_BYTES) {
      if (writer.length - rested >= STEP_BYTES) {
        rested = writer.length;
        yield;
      }
      writeEscaped(writer, element, from, Math.min(from + STEP_BYTES, element.length));
    }
    writer.ascii('"');
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
