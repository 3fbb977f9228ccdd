import { DTYPES, type Dtype, ERROR_CATALOGUE, type ErrorCode, JitneyError } from '@jitney/core';
import type { Frame } from './frames.js';

/*
 * What travels between a gateway and a host, all little-endian. A connection carries records; a record begins at a
 * multiple of 8 bytes of the stream, so that whatever is aligned within a frame is aligned where it arrives.
 *
 *   record   0        4      5      6        8                    length, padded with zeros to 8
 *           ┌────────┬──────┬──────┬────────┬──────────────────┬─────┐
 *           │ length │ kind │  0   │ stream │ payload          │ pad │
 *           └────────┴──────┴──────┴────────┴──────────────────┴─────┘
 *     whole   payload: one frame of at most PIECE_BYTES; stream is 0
 *     open    payload: total length of the frame (u32), 0 (u32), its first bytes
 *     more    payload: its next bytes; the frame is complete when `total` bytes have come
 *
 * Pieces of several frames may come between each other, told apart by `stream`; whole frames come between any.
 *
 *   frame    0      1      2                                      type decides the fields
 *           ┌──────┬───────┬──────────────────────┬─────────────┐
 *           │ type │ flags │ fields               │ body        │
 *           └──────┴───────┴──────────────────────┴─────────────┘
 *     request   target u32, attempt u32, id f64, deadlineAtMs f64, priority f64, requestId, tenant, affinity,
 *               traceparent, attachment (text), outputs (u16 count, text each), body
 *               flags: 1 alone, 2 outputs are given
 *     result    id f64, received, encoded, enqueued, started, finished, decoded, expectedWait f64, batchRows u32, boundBy u32, body
 *     error     id f64, code, message (text), retryAfterMs f64 (flag 1), item u32 (flag 2)
 *     started   count u32, ids f64
 *     cancel    id f64
 *     piece     id f64, body; flags: 1 last
 *     credit    id f64, pieces u32
 *     hello     0 u16, magic u32, version u32, name (text): never changes, whatever else a new version changes
 *     drain     nothing
 *
 *   text      length u16, UTF-8
 *
 *   body      dataStart u32 counts from the start of the frame and is a multiple of 8; so does each tensor's data begin
 *           ┌──────┬───────────┬─────────────┬─────┬──────┬─────┬──────┬─────┐
 *           │ kind │ dataStart │ descriptors │ pad │ data │ pad │ data │ pad │
 *           └──────┴───────────┴─────────────┴─────┴──────┴─────┴──────┴─────┘
 *     tensors   count u16, and for each: name (text), dtype u8, rank u8, dimensions f64, bytes u32
 *     content   contentType (text), bytes u32
 *     data of a BYTES tensor: each element as length u32 and its bytes, without padding
 */

export const RECORD_HEADER_BYTES = 8;

/** Length of a frame and four zeros, ahead of the first bytes of a frame in pieces. */
export const OPEN_HEADER_BYTES = 8;

export const RECORD = { whole: 1, open: 2, more: 3 } as const;

export const FRAME_TAGS = {
  request: 1,
  result: 2,
  error: 3,
  started: 4,
  cancel: 5,
  piece: 6,
  credit: 7,
  hello: 8,
  drain: 9,
} as const satisfies Record<Frame['type'], number>;

export const BODY_TAGS = { tensors: 0, content: 1 } as const;

/** "JTNY": tells a peer that is not Jitney from one of another version. */
export const HELLO_MAGIC = 0x594e544a;

/** Largest frame that the layout has room for. */
export const MAX_FRAME_BYTES = 0xffff_fff8;

/** Longest text in a frame, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 0xffff;

export const MAX_RANK = 0xff;

export const MAX_TENSORS = 0xffff;

const DTYPE_TAGS = new Map<Dtype, number>(DTYPES.map((dtype, tag) => [dtype, tag]));

export function dtypeTag(dtype: Dtype): number | undefined {
  return DTYPE_TAGS.get(dtype);
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, text);
}

/** The next multiple of 8. */
export function align8(offset: number): number {
  return offset + (-offset & 7);
}

/** As core's elementCount, but NaN for what is no shape, and 0 wherever a dimension is 0. */
export function countElements(shape: readonly number[]): number {
  let count = 1;
  let isEmpty = false;
  for (let i = 0; i < shape.length; i++) {
    const size = shape[i] as number;
    if (!Number.isSafeInteger(size) || size < 0) return Number.NaN;
    if (size === 0) isEmpty = true;
    else count *= size;
  }
  return isEmpty ? 0 : count;
}

/** What is wrong with bytes that are no frame, or with a frame that cannot become bytes. */
export function frameError(what: string): JitneyError {
  return new JitneyError('INTERNAL', `frame: ${what}`);
}
