import type { Tensor } from '@jitney/core';
import type { InferResponse } from '../infer-response.js';
import { MAX_FLOAT_BYTES, writeFloat32 } from '../response/float-text.js';

/** Longer answers gain little: their numbers are what takes time. */
const MAX_ELEMENTS = 512;
const COMMA = 0x2c;

/**
 * Writes the answers that nearly all small models give at once: FP32 outputs in JSON. `null`: it is none; the encoder
 * that knows all of the protocol must write it, which writes these alike.
 */
export function writeOrdinaryAnswer(response: InferResponse): Buffer | null {
  const { id, model, version, outputs, requested, binaryOutputs, parameters } = response;
  if (requested !== null || binaryOutputs || parameters !== undefined) return null;
  let elements = 0;
  for (const { dtype, data } of outputs) {
    if (dtype !== 'FP32') return null;
    elements += data.length;
  }
  if (elements > MAX_ELEMENTS) return null;
  let text = id === null || id === '' ? '{' : `{"id":${JSON.stringify(id)},`;
  text += `"model_name":${JSON.stringify(model)},"model_version":${JSON.stringify(version)},"outputs":[`;
  const heads = outputs.map(headOf);
  const bytes = Buffer.allocUnsafe(mostBytes(text, heads) + elements * (MAX_FLOAT_BYTES + 1));
  let at = bytes.write(text, 0, 'utf8');
  for (let i = 0; i < outputs.length; i++) {
    at += bytes.write(i === 0 ? (heads[0] as string) : `,${heads[i]}`, at, 'utf8');
    at = writeFloats(bytes, at, (outputs[i] as Tensor).data as Float32Array);
    at += bytes.write(']}', at, 'latin1');
  }
  at += bytes.write(']}', at, 'latin1');
  return bytes.subarray(0, at);
}

function headOf({ name, shape }: Tensor): string {
  return `{"name":${JSON.stringify(name)},"datatype":"FP32","shape":[${shape.join()}],"data":[`;
}

/** Three bytes a code unit are the most there can be. */
function mostBytes(text: string, heads: readonly string[]): number {
  let units = text.length + 2;
  for (const head of heads) units += head.length + 3;
  return units * 3;
}

function writeFloats(bytes: Buffer, from: number, data: Float32Array): number {
  let at = from;
  for (let i = 0; i < data.length; i++) {
    if (i > 0) bytes[at++] = COMMA;
    at = writeFloat32(bytes, at, data[i] as number);
  }
  return at;
}
