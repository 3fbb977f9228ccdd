import { elementBytes, type NumericArray, type Tensor } from '@jitney/core';
import type { ByteWriter } from './byte-writer.js';
import type { Body } from './frames.js';
import { align8, BODY_TAGS, countElements, dtypeTag, frameError, MAX_RANK, MAX_TENSORS } from './layout.js';

/** At least the bytes that the body's data takes; its names and shapes are not counted. */
export function bodyBytes(body: Body): number {
  if (body.kind === 'content') return body.bytes.length;
  let bytes = 0;
  for (const tensor of body.tensors) bytes += dataBytes(tensor);
  return bytes;
}

/**
 * Appends `body` to the frame that began at `frameStart`. See the drawing in layout.ts.
 * @throws JitneyError INTERNAL when a tensor's data does not fit its dtype and shape.
 */
export function encodeBody(writer: ByteWriter, frameStart: number, body: Body): void {
  writer.u8(BODY_TAGS[body.kind]);
  const patchAt = writer.length;
  writer.u32(0);
  if (body.kind === 'content') {
    writer.text(body.contentType);
    writer.u32(body.bytes.length);
  } else {
    encodeDescriptors(writer, body.tensors);
  }
  writer.patchU32(patchAt, align8(writer.length - frameStart));
  writer.pad8(frameStart);
  if (body.kind === 'content') writer.raw(body.bytes);
  else encodeTensorData(writer, frameStart, body.tensors);
}

function encodeDescriptors(writer: ByteWriter, tensors: readonly Tensor[]): void {
  if (tensors.length > MAX_TENSORS) throw frameError(`${tensors.length} tensors are above the limit of ${MAX_TENSORS}`);
  writer.u16(tensors.length);
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i] as Tensor;
    const tag = dtypeTag(tensor.dtype);
    const rank = tensor.shape.length;
    if (tag === undefined) throw frameError(`tensor "${tensor.name}": unknown dtype ${tensor.dtype}`);
    if (rank > MAX_RANK) throw frameError(`tensor "${tensor.name}": rank ${rank} is above the limit of ${MAX_RANK}`);
    checkData(tensor);
    writer.text(tensor.name);
    writer.u8(tag);
    writer.u8(rank);
    for (let d = 0; d < rank; d++) writer.f64(tensor.shape[d] as number);
    writer.u32(dataBytes(tensor));
  }
}

function encodeTensorData(writer: ByteWriter, frameStart: number, tensors: readonly Tensor[]): void {
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i] as Tensor;
    writer.pad8(frameStart);
    if (tensor.dtype === 'BYTES') {
      for (const element of tensor.data as readonly Uint8Array[]) {
        writer.u32(element.length);
        writer.raw(element);
      }
    } else {
      const data = tensor.data as NumericArray;
      writer.raw(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
}

/** A frame the other side would refuse takes the whole connection down: refuse it here, with the tensor's name. */
function checkData({ name, dtype, shape, data }: Tensor): void {
  const width = elementBytes(dtype);
  const isFit = width === null ? Array.isArray(data) : (data as NumericArray).BYTES_PER_ELEMENT === width;
  if (!isFit) throw frameError(`tensor "${name}": its data is no array for ${dtype}`);
  const expected = countElements(shape);
  if (data.length !== expected) {
    throw frameError(`tensor "${name}": shape [${shape}] has ${expected} elements, its data ${data.length}`);
  }
}

function dataBytes(tensor: Tensor): number {
  if (tensor.dtype !== 'BYTES') return (tensor.data as NumericArray).byteLength;
  let bytes = 0;
  for (const element of tensor.data as readonly Uint8Array[]) bytes += 4 + element.length;
  return bytes;
}
