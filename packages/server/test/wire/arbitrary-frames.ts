import {
  BOUNDS,
  DTYPES,
  type Dtype,
  ERROR_CATALOGUE,
  type ErrorCode,
  type ErrorRecord,
  elementBytes,
  type Tensor,
  viewNumericArray,
} from '@jitney/core';
import fc from 'fast-check';
import type { Body, Frame, HostTiming } from '../../src/wire/frames.js';

/*
 * Any frame that can be sent, for property tests: every type, every dtype, empty and odd sizes, any text that has a
 * UTF-8 form, numbers up to infinity.
 */

/** Plain objects, as the decoder makes them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const id = fc.maxSafeNat();
const moment = fc.double();
const u32 = fc.nat(0xffff_ffff);
const bytes = fc.uint8Array({ maxLength: 200 });

function tensorOf(name: string, dtype: Dtype, shape: number[], seed: Uint8Array): Tensor {
  const elements = shape.reduce((product, size) => product * size, 1);
  const width = elementBytes(dtype);
  if (dtype === 'BYTES' || width === null) {
    const data = Array.from({ length: elements }, (_, i) => seed.slice(0, i % (seed.length + 1)));
    return { name, dtype, shape, data };
  }
  const raw = Uint8Array.from({ length: elements * width }, (_, i) => (seed[i % (seed.length || 1)] ?? 0) + i);
  return { name, dtype, shape, data: viewNumericArray(dtype, raw.buffer, 0, elements) };
}

const shape: fc.Arbitrary<number[]> = fc.oneof(
  fc.array(fc.nat(4), { maxLength: 5 }),
  // Sizes around which frames are copied, viewed or cut into pieces.
  fc.constantFrom<number[][]>([600], [1024], [4097], [8192], [33, 1001], [0, 2 ** 40], [2 ** 53 - 1, 0]),
);

const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(text, fc.constantFrom(...DTYPES), shape, fc.uint8Array({ maxLength: 40 }))
  .map(([name, dtype, sizes, seed]) => tensorOf(name, dtype, sizes, seed));

export const anyBody: fc.Arbitrary<Body> = fc.oneof(
  record({ kind: fc.constant('tensors' as const), tensors: fc.array(tensor, { maxLength: 4 }) }),
  record({ kind: fc.constant('content' as const), contentType: text, bytes }),
);

const timing: fc.Arbitrary<HostTiming> = record({
  receivedAtMs: moment,
  encodedAtMs: moment,
  enqueuedAtMs: moment,
  startedAtMs: moment,
  finishedAtMs: moment,
  decodedAtMs: moment,
  expectedWaitMs: moment,
  batchRows: u32,
  boundBy: fc.constantFrom(...BOUNDS),
});

const error: fc.Arbitrary<ErrorRecord> = fc.record(
  {
    code: fc.constantFrom(...(Object.keys(ERROR_CATALOGUE) as ErrorCode[])),
    message: text,
    retryAfterMs: moment,
    item: u32,
  },
  { requiredKeys: ['code', 'message'], noNullPrototype: true },
);

const BY_TYPE: { readonly [T in Frame['type']]: fc.Arbitrary<Extract<Frame, { type: T }>> } = {
  request: record({
    type: fc.constant('request' as const),
    id,
    target: u32,
    requestId: text,
    deadlineAtMs: moment,
    priority: moment,
    attempt: u32,
    alone: fc.boolean(),
    tenant: text,
    affinity: text,
    traceparent: text,
    attachment: text,
    outputs: fc.option(fc.array(text, { maxLength: 4 })),
    body: anyBody,
  }),
  result: record({ type: fc.constant('result' as const), id, body: anyBody, timing }),
  error: record({ type: fc.constant('error' as const), id, error }),
  started: record({ type: fc.constant('started' as const), ids: fc.array(id, { maxLength: 70 }) }),
  cancel: record({ type: fc.constant('cancel' as const), id }),
  piece: record({ type: fc.constant('piece' as const), id, last: fc.boolean(), body: anyBody }),
  credit: record({ type: fc.constant('credit' as const), id, pieces: u32 }),
  hello: record({ type: fc.constant('hello' as const), version: u32, name: text }),
  drain: record({ type: fc.constant('drain' as const) }),
};

/** A frame of each type once, in the order of the layout. */
export const oneOfEachType: fc.Arbitrary<Frame[]> = fc.tuple(...Object.values(BY_TYPE)).map((frames) => [...frames]);

export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(...Object.values(BY_TYPE));
