import { BOUNDS, type BoundBy, type ErrorRecord } from '@jitney/core';
import { decodeBody } from './body-decoder.js';
import type { ByteReader } from './byte-reader.js';
import type { ErrorFrame, Frame, HelloFrame, HostTiming, RequestFrame, StartedFrame } from './frames.js';
import { FRAME_TAGS, frameError, HELLO_MAGIC, isErrorCode } from './layout.js';

/**
 * The frame that fills the reader's window. Tensors and content are views of the reader's bytes where these lie
 * aligned, so the bytes must not change afterwards.
 *
 * @throws JitneyError INTERNAL when the bytes are no frame: never reads outside the window, and never allocates more
 * than the window's size allows for.
 */
export function decodeFrame(reader: ByteReader): Frame {
  const frame = decodeFields(reader, reader.u8(), reader.u8());
  if (reader.remaining > 0 && !('body' in frame)) throw frameError(`${reader.remaining} bytes too many`);
  return frame;
}

function decodeFields(reader: ByteReader, tag: number, flags: number): Frame {
  switch (tag) {
    case FRAME_TAGS.request:
      return decodeRequest(reader, flags);
    case FRAME_TAGS.result:
      return { type: 'result', id: reader.count(), timing: decodeTiming(reader), body: decodeBody(reader) };
    case FRAME_TAGS.error:
      return decodeError(reader, flags);
    case FRAME_TAGS.started:
      return decodeStarted(reader);
    case FRAME_TAGS.cancel:
      return { type: 'cancel', id: reader.count() };
    case FRAME_TAGS.piece:
      return { type: 'piece', last: (flags & 1) !== 0, id: reader.count(), body: decodeBody(reader) };
    case FRAME_TAGS.credit:
      return { type: 'credit', id: reader.count(), pieces: reader.u32() };
    case FRAME_TAGS.hello:
      return decodeHello(reader);
    case FRAME_TAGS.drain:
      return { type: 'drain' };
    default:
      throw frameError(`unknown type ${tag}`);
  }
}

function decodeRequest(reader: ByteReader, flags: number): RequestFrame {
  return {
    type: 'request',
    target: reader.u32(),
    attempt: reader.u32(),
    id: reader.count(),
    deadlineAtMs: reader.f64(),
    priority: reader.f64(),
    requestId: reader.text(),
    tenant: reader.text(),
    affinity: reader.text(),
    traceparent: reader.text(),
    attachment: reader.text(),
    alone: (flags & 1) !== 0,
    outputs: (flags & 2) === 0 ? null : decodeOutputs(reader),
    body: decodeBody(reader),
  };
}

function decodeOutputs(reader: ByteReader): string[] {
  const count = reader.u16();
  if (2 * count > reader.remaining) throw frameError(`${count} outputs are more than fit in it`);
  const outputs: string[] = [];
  for (let i = 0; i < count; i++) outputs.push(reader.text());
  return outputs;
}

function decodeTiming(reader: ByteReader): HostTiming {
  return {
    receivedAtMs: reader.f64(),
    encodedAtMs: reader.f64(),
    enqueuedAtMs: reader.f64(),
    startedAtMs: reader.f64(),
    finishedAtMs: reader.f64(),
    decodedAtMs: reader.f64(),
    expectedWaitMs: reader.f64(),
    batchRows: reader.u32(),
    boundBy: decodeBound(reader),
  };
}

function decodeBound(reader: ByteReader): BoundBy {
  const number = reader.u32();
  const bound = BOUNDS[number];
  if (bound === undefined) throw frameError(`unknown bound of a run ${number}`);
  return bound;
}

function decodeError(reader: ByteReader, flags: number): ErrorFrame {
  const id = reader.count();
  const code = reader.text();
  if (!isErrorCode(code)) throw frameError(`unknown error code "${code}"`);
  const error: ErrorRecord = {
    code,
    message: reader.text(),
    ...((flags & 1) === 0 ? {} : { retryAfterMs: reader.f64() }),
    ...((flags & 2) === 0 ? {} : { item: reader.u32() }),
  };
  return { type: 'error', id, error };
}

function decodeStarted(reader: ByteReader): StartedFrame {
  const count = reader.u32();
  if (8 * count > reader.remaining) throw frameError(`${count} ids are more than fit in it`);
  const ids: number[] = [];
  for (let i = 0; i < count; i++) ids.push(reader.count());
  return { type: 'started', ids };
}

/** Bytes behind the name are left to later versions, which must still be able to refuse this one. */
function decodeHello(reader: ByteReader): HelloFrame {
  reader.u16();
  if (reader.u32() !== HELLO_MAGIC) throw frameError('the other side does not speak the wire of Jitney');
  const version = reader.u32();
  const name = reader.text();
  reader.offset = reader.end;
  return { type: 'hello', version, name };
}
