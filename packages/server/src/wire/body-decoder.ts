import { DTYPES, type Dtype, elementBytes, type Tensor, type TensorData, viewNumericArray } from '@jitney/core';
import type { ByteReader } from './byte-reader.js';
import type { Body } from './frames.js';
import { align8, BODY_TAGS, countElements, frameError } from './layout.js';

/** Fewest bytes a tensor's descriptor takes: an empty name, dtype, rank 0, length. */
const MIN_DESCRIPTOR_BYTES = 8;

/** A frame's data section: where its bytes are, and where the next tensor's begin. */
interface DataSection {
  readonly buffer: ArrayBufferLike;
  offset: number;
  readonly end: number;
}

/** Reads the body that ends the reader's frame, as views wherever the frame lies aligned in its buffer. */
export function decodeBody(reader: ByteReader): Body {
  const tag = reader.u8();
  const dataStart = reader.u32();
  if (dataStart % 8 !== 0 || dataStart > reader.end - reader.start) {
    throw frameError(`its data cannot start at ${dataStart}`);
  }
  const section = dataSection(reader, reader.start + dataStart);
  let body: Body;
  if (tag === BODY_TAGS.tensors) body = { kind: 'tensors', tensors: decodeTensors(reader, section) };
  else if (tag === BODY_TAGS.content) body = decodeContent(reader, section);
  else throw frameError(`unknown kind of body ${tag}`);
  if (align8(reader.offset - reader.start) !== dataStart) throw frameError('its data starts elsewhere than it says');
  if (section.offset !== section.end) throw frameError(`${section.end - section.offset} bytes too many`);
  return body;
}

/** The bytes behind `at`: in place when typed arrays can view them there, else copied once to where they can. */
function dataSection(reader: ByteReader, at: number): DataSection {
  const { bytes, end } = reader;
  if ((bytes.byteOffset + at) % 8 === 0) {
    return { buffer: bytes.buffer, offset: bytes.byteOffset + at, end: bytes.byteOffset + end };
  }
  const copy = new Uint8Array(end - at);
  copy.set(bytes.subarray(at, end));
  return { buffer: copy.buffer, offset: 0, end: copy.length };
}

function decodeTensors(reader: ByteReader, section: DataSection): Tensor[] {
  const count = reader.u16();
  if (count * MIN_DESCRIPTOR_BYTES > reader.remaining) throw frameError(`${count} tensors are more than fit in it`);
  const tensors: Tensor[] = [];
  for (let i = 0; i < count; i++) {
    if (i > 0) alignSection(section);
    tensors.push(decodeTensor(reader, section));
  }
  return tensors;
}

function decodeTensor(reader: ByteReader, section: DataSection): Tensor {
  const name = reader.text();
  const dtype = DTYPES[reader.u8()];
  if (dtype === undefined) throw frameError(`tensor "${name}": unknown dtype`);
  const rank = reader.u8();
  const shape: number[] = [];
  for (let d = 0; d < rank; d++) shape.push(reader.count());
  const byteLength = reader.u32();
  if (byteLength > section.end - section.offset)
    throw frameError(`tensor "${name}": its ${byteLength} bytes are cut off`);
  const data = decodeData(section, name, dtype, countElements(shape), byteLength);
  return { name, dtype, shape, data };
}

function decodeData(
  section: DataSection,
  name: string,
  dtype: Dtype,
  elements: number,
  byteLength: number,
): TensorData {
  const width = elementBytes(dtype);
  if (dtype === 'BYTES' || width === null) return decodeElements(section, name, elements, byteLength);
  if (elements * width !== byteLength) {
    throw frameError(`tensor "${name}": ${elements} elements of ${dtype} do not take ${byteLength} bytes`);
  }
  const data = viewNumericArray(dtype, section.buffer, section.offset, elements);
  section.offset += byteLength;
  return data;
}

function decodeElements(section: DataSection, name: string, elements: number, byteLength: number): Uint8Array[] {
  const end = section.offset + byteLength;
  if (4 * elements > byteLength)
    throw frameError(`tensor "${name}": ${elements} elements do not fit ${byteLength} bytes`);
  const view = new DataView(section.buffer, section.offset, byteLength);
  const data: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < elements; i++) {
    if (at + 4 > byteLength) throw frameError(`tensor "${name}": element ${i} is cut off`);
    const length = view.getUint32(at, true);
    at += 4;
    if (length > byteLength - at) throw frameError(`tensor "${name}": element ${i} is cut off`);
    data.push(new Uint8Array(section.buffer, section.offset + at, length));
    at += length;
  }
  if (at !== byteLength) throw frameError(`tensor "${name}": ${byteLength - at} bytes too many`);
  section.offset = end;
  return data;
}

function decodeContent(reader: ByteReader, section: DataSection): Body {
  const contentType = reader.text();
  const byteLength = reader.u32();
  if (byteLength > section.end - section.offset) throw frameError(`its ${byteLength} bytes of content are cut off`);
  const bytes = new Uint8Array(section.buffer, section.offset, byteLength);
  section.offset += byteLength;
  return { kind: 'content', contentType, bytes };
}

function alignSection(section: DataSection): void {
  const aligned = align8(section.offset);
  if (aligned > section.end) throw frameError('its data is cut off');
  section.offset = aligned;
}
