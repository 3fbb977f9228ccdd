import { BOUNDS, type ErrorRecord } from '@jitney/core';
import { encodeBody } from './body-encoder.js';
import type { ByteWriter } from './byte-writer.js';
import type { Frame, HostTiming, RequestFrame } from './frames.js';
import { FRAME_TAGS, frameError, HELLO_MAGIC, MAX_TEXT_BYTES } from './layout.js';

/**
 * Appends `frame` as layout.ts draws it. What was appended before a throw is the caller's to take back.
 * @throws JitneyError INTERNAL when the frame cannot be sent: a text, count or shape out of its bounds.
 */
export function encodeFrame(writer: ByteWriter, frame: Frame): void {
  const frameStart = writer.length;
  writer.u8(FRAME_TAGS[frame.type]);
  switch (frame.type) {
    case 'request':
      encodeRequest(writer, frame);
      return encodeBody(writer, frameStart, frame.body);
    case 'result':
      writer.u8(0);
      writer.count(frame.id);
      encodeTiming(writer, frame.timing);
      return encodeBody(writer, frameStart, frame.body);
    case 'error':
      return encodeError(writer, frame.id, frame.error);
    case 'started':
      return encodeStarted(writer, frame.ids);
    case 'cancel':
      writer.u8(0);
      return writer.count(frame.id);
    case 'piece':
      writer.u8(frame.last ? 1 : 0);
      writer.count(frame.id);
      return encodeBody(writer, frameStart, frame.body);
    case 'credit':
      writer.u8(0);
      writer.count(frame.id);
      return writer.u32(frame.pieces);
    case 'hello':
      writer.u8(0);
      writer.u16(0);
      writer.u32(HELLO_MAGIC);
      writer.u32(frame.version);
      return writer.text(frame.name);
    case 'drain':
      return writer.u8(0);
  }
}

function encodeRequest(writer: ByteWriter, frame: RequestFrame): void {
  writer.u8((frame.alone ? 1 : 0) | (frame.outputs === null ? 0 : 2));
  writer.u32(frame.target);
  writer.u32(frame.attempt);
  writer.count(frame.id);
  writer.f64(frame.deadlineAtMs);
  writer.f64(frame.priority);
  writer.text(frame.requestId);
  writer.text(frame.tenant);
  writer.text(frame.affinity);
  writer.text(frame.traceparent);
  writer.text(frame.attachment);
  if (frame.outputs === null) return;
  if (frame.outputs.length > 0xffff) throw frameError(`${frame.outputs.length} outputs are above the limit of 65535`);
  writer.u16(frame.outputs.length);
  for (let i = 0; i < frame.outputs.length; i++) writer.text(frame.outputs[i] as string);
}

function encodeTiming(writer: ByteWriter, timing: HostTiming): void {
  writer.f64(timing.receivedAtMs);
  writer.f64(timing.encodedAtMs);
  writer.f64(timing.enqueuedAtMs);
  writer.f64(timing.startedAtMs);
  writer.f64(timing.finishedAtMs);
  writer.f64(timing.decodedAtMs);
  writer.f64(timing.expectedWaitMs);
  writer.u32(timing.batchRows);
  writer.u32(BOUNDS.indexOf(timing.boundBy));
}

function encodeError(writer: ByteWriter, id: number, error: ErrorRecord): void {
  writer.u8((error.retryAfterMs === undefined ? 0 : 1) | (error.item === undefined ? 0 : 2));
  writer.count(id);
  writer.text(error.code);
  writer.text(shortened(error.message));
  if (error.retryAfterMs !== undefined) writer.f64(error.retryAfterMs);
  if (error.item !== undefined) writer.u32(error.item);
}

/** An error must reach its request however much a model's own code puts into its message. */
function shortened(message: string): string {
  const limit = Math.floor(MAX_TEXT_BYTES / 3);
  return message.length <= limit ? message : `${message.slice(0, limit - 1)}…`;
}

function encodeStarted(writer: ByteWriter, ids: readonly number[]): void {
  writer.u8(0);
  writer.u32(ids.length);
  for (let i = 0; i < ids.length; i++) writer.count(ids[i] as number);
}
