import { isAscii } from 'node:buffer';
import type { Tensor } from '@jitney/core';
import type { InferRequest, RequestedOutput } from '../../../call.js';
import type { FloatSlab } from './float-slab.js';

/** Longer bodies gain little: their numbers are what takes time. */
const MAX_BYTES = 16 * 1024;
const MAX_TENSORS = 16;
const MAX_RANK = 8;
/** Characters of a name or an id: far less than any limit allows. */
const MAX_NAME = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NONE: InferRequest['parameters'] = Object.freeze(Object.create(null));

interface Counted {
  /** Strings of the document that were looked at, member names included. */
  strings: number;
}

/**
 * Reads the infer requests that nearly all clients of small models send, by `JSON.parse`: FP32 inputs with their numbers
 * in one flat list, and none of the protocol's finer points. `null`: it is none, and the parser that knows all of them
 * must read it; never does this one answer what that one would refuse, or answer differently.
 *
 * With 30 numbers it takes 2.5 µs where the other takes 5.9.
 */
export function readOrdinaryRequest(body: Buffer, slab: FloatSlab): InferRequest | null {
  if (body.length > MAX_BYTES || !isAscii(body)) return null;
  const text = body.toString('latin1');
  const document = parsed(text);
  if (document === null) return null;
  const counted = { strings: 0 };
  const request = requestOf(document, text, slab, counted);
  // A member that came twice, or was not looked at, leaves quotes that were not counted.
  return request !== null && quotesIn(body) === 2 * counted.strings ? request : null;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return record(JSON.parse(text));
  } catch {
    return null;
  }
}

/** `Infinity` where there is a backslash: what is behind one may be no quote. */
function quotesIn(body: Buffer): number {
  let quotes = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (byte === QUOTE) quotes += 1;
    else if (byte === BACKSLASH) return Number.POSITIVE_INFINITY;
  }
  return quotes;
}

function requestOf(
  document: Record<string, unknown>,
  text: string,
  slab: FloatSlab,
  counted: Counted,
): InferRequest | null {
  const { id, inputs, outputs } = document;
  const tensors = inputsOf(inputs, text, slab, counted);
  if (tensors === null) return null;
  counted.strings += 1;
  if (id !== undefined) {
    if (!isName(id)) return null;
    counted.strings += 2;
  }
  const requested = outputs === undefined ? null : outputsOf(outputs, counted);
  if (outputs !== undefined && requested === null) return null;
  return { id: id ?? null, inputs: tensors, outputs: requested, binaryOutputs: false, parameters: NONE };
}

function inputsOf(inputs: unknown, text: string, slab: FloatSlab, counted: Counted): Tensor[] | null {
  if (!Array.isArray(inputs) || inputs.length === 0 || inputs.length > MAX_TENSORS) return null;
  const tensors: Tensor[] = [];
  for (const input of inputs) {
    const tensor = tensorOf(record(input), slab);
    if (tensor === null) return null;
    tensors.push(tensor);
  }
  // Each has one, as the count of quotes will tell.
  if (text.match(PLAIN_SHAPE)?.length !== tensors.length) return null;
  // name, datatype, shape, data, and the values of the first two.
  counted.strings += 6 * tensors.length;
  return tensors;
}

function tensorOf(input: Record<string, unknown> | null, slab: FloatSlab): Tensor | null {
  if (input === null) return null;
  const { name, datatype, shape, data } = input;
  if (!isName(name) || datatype !== 'FP32' || !Array.isArray(data)) return null;
  const count = countOf(shape);
  if (count === null || count !== data.length) return null;
  const values = slab.copyOf(data);
  return values === null ? null : { name, dtype: 'FP32', shape: shape as number[], data: values };
}

/** Elements of a shape; `null` for what is none. */
function countOf(shape: unknown): number | null {
  if (!Array.isArray(shape) || shape.length > MAX_RANK) return null;
  let count = 1;
  for (const dim of shape) {
    if (typeof dim !== 'number' || !(dim >= 0)) return null;
    count *= dim;
  }
  return Number.isSafeInteger(count) ? count : null;
}

/** Shapes in plain digits: `1.0` and `1e0` look like 1 once they are parsed. */
const PLAIN_SHAPE = /"shape": ?\[(?:(?:0|[1-9]\d*)(?:, ?(?:0|[1-9]\d*))*)?\]/g;

function outputsOf(outputs: unknown, counted: Counted): RequestedOutput[] | null {
  if (!Array.isArray(outputs) || outputs.length === 0 || outputs.length > MAX_TENSORS) return null;
  const requested: RequestedOutput[] = [];
  for (const output of outputs) {
    const name = record(output)?.name;
    if (!isName(name)) return null;
    requested.push({ name, binary: null });
  }
  counted.strings += 1 + 2 * requested.length;
  return requested;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME;
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
