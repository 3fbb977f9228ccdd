import { ByteReader } from './byte-reader.js';
import { decodeFrame } from './frame-decoder.js';
import { type Frame, PIECE_BYTES } from './frames.js';
import { align8, frameError, OPEN_HEADER_BYTES, RECORD, RECORD_HEADER_BYTES } from './layout.js';
import { MAX_OPEN_FRAMES } from './piece-queue.js';

/** A frame that arrives in more than one chunk, and how much of it is here. */
interface Arriving {
  readonly bytes: Buffer;
  filled: number;
}

/** The record that the last chunk ended in. */
interface Unfinished {
  readonly frame: Arriving;
  /** Told apart by it while the frame is open; `null` for a frame in one record. */
  readonly stream: number | null;
  /** Bytes of the frame that this record still brings. */
  left: number;
  padding: number;
}

/**
 * Turns arriving chunks into frames. Small frames are views of their chunk, which must not change afterwards; frames
 * in pieces are read into one buffer of their exact size.
 *
 * Holds at most one record and MAX_OPEN_FRAMES frames in pieces, together of at most `maxFrameBytes`.
 */
export class Inbox {
  readonly #maxFrameBytes: number;
  readonly #onFrame: (frame: Frame) => void;
  readonly #header: Arriving = { bytes: Buffer.alloc(RECORD_HEADER_BYTES + OPEN_HEADER_BYTES), filled: 0 };
  readonly #open = new Map<number, Arriving>();
  #openBytes = 0;
  #record: Unfinished | null = null;
  #isStopped = false;

  constructor(maxFrameBytes: number, onFrame: (frame: Frame) => void) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  /** False in the middle of a record or of a frame in pieces. */
  get isBetweenFrames(): boolean {
    return this.#record === null && this.#header.filled === 0 && this.#open.size === 0;
  }

  /** Hands on no more frames, not even those of the chunk being read. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Hands on each frame as it is complete, in order.
   * @throws JitneyError INTERNAL at bytes that are no records or frames; nothing can be read after it.
   */
  push(chunk: Buffer): void {
    const reader = new ByteReader(chunk);
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      if (this.#record !== null) at = this.#continueRecord(this.#record, chunk, at);
      else if (this.#header.filled > 0) at = this.#continueHeader(chunk, at);
      else at = this.#readWhole(reader, at);
    }
  }

  /** The usual case: a small frame that lies in the chunk as a whole. Anything else goes through the header. */
  #readWhole(reader: ByteReader, at: number): number {
    const { bytes } = reader;
    const payload = at + RECORD_HEADER_BYTES;
    if (payload > bytes.length) return this.#continueHeader(bytes, at);
    const length = bytes.readUInt32LE(at);
    const next = payload + align8(length);
    if (bytes[at + 4] !== RECORD.whole || length > PIECE_BYTES || next > bytes.length) {
      return this.#continueHeader(bytes, at);
    }
    this.#checkLength(length);
    reader.within(payload, payload + length);
    this.#onFrame(decodeFrame(reader));
    return next;
  }

  #continueHeader(chunk: Buffer, at: number): number {
    const header = this.#header;
    let next = fill(header, chunk, at, RECORD_HEADER_BYTES);
    if (header.filled < RECORD_HEADER_BYTES) return next;
    if (header.bytes[4] === RECORD.open) next = fill(header, chunk, next, RECORD_HEADER_BYTES + OPEN_HEADER_BYTES);
    if (header.bytes[4] === RECORD.open && header.filled < header.bytes.length) return next;
    header.filled = 0;
    this.#record = this.#begin(header.bytes);
    return next;
  }

  #begin(header: Buffer): Unfinished {
    const length = header.readUInt32LE(0);
    const kind = header[4];
    const stream = header.readUInt16LE(6);
    const padding = -length & 7;
    switch (kind) {
      case RECORD.whole:
        return { frame: this.#beginWhole(length), stream: null, left: length, padding };
      case RECORD.open:
        return {
          frame: this.#beginOpen(stream, header.readUInt32LE(8)),
          stream,
          left: this.#pieceBytes(length - OPEN_HEADER_BYTES, stream),
          padding,
        };
      case RECORD.more:
        return { frame: this.#openFrame(stream), stream, left: this.#pieceBytes(length, stream), padding };
      default:
        throw frameError(`unknown kind of record ${kind}`);
    }
  }

  #beginWhole(length: number): Arriving {
    if (length > PIECE_BYTES) throw frameError(`a record of ${length} bytes is above the limit of ${PIECE_BYTES}`);
    this.#checkLength(length);
    return { bytes: Buffer.allocUnsafeSlow(length), filled: 0 };
  }

  #beginOpen(stream: number, total: number): Arriving {
    if (this.#open.has(stream)) throw frameError(`stream ${stream} is open already`);
    if (this.#open.size >= MAX_OPEN_FRAMES) throw frameError(`more than ${MAX_OPEN_FRAMES} frames in pieces`);
    this.#checkLength(total);
    if (this.#openBytes + total > this.#maxFrameBytes) {
      throw frameError(
        `frames in pieces of ${this.#openBytes + total} bytes are above the limit of ${this.#maxFrameBytes}`,
      );
    }
    const frame: Arriving = { bytes: Buffer.allocUnsafeSlow(total), filled: 0 };
    this.#open.set(stream, frame);
    this.#openBytes += total;
    return frame;
  }

  #openFrame(stream: number): Arriving {
    const frame = this.#open.get(stream);
    if (frame === undefined) throw frameError(`stream ${stream} is not open`);
    return frame;
  }

  #pieceBytes(length: number, stream: number): number {
    const { bytes, filled } = this.#openFrame(stream);
    if (length < 1 || length > PIECE_BYTES || length > bytes.length - filled) {
      throw frameError(`a piece of ${length} bytes, where ${bytes.length - filled} are missing`);
    }
    return length;
  }

  #continueRecord(record: Unfinished, chunk: Buffer, at: number): number {
    const { frame } = record;
    const next = fill(frame, chunk, at, frame.filled + record.left);
    record.left -= next - at;
    if (record.left > 0) return next;
    const skipped = Math.min(record.padding, chunk.length - next);
    record.padding -= skipped;
    if (record.padding === 0) this.#endRecord(record);
    return next + skipped;
  }

  #endRecord({ frame, stream }: Unfinished): void {
    this.#record = null;
    if (frame.filled < frame.bytes.length) return;
    if (stream !== null) {
      this.#open.delete(stream);
      this.#openBytes -= frame.bytes.length;
    }
    this.#onFrame(decodeFrame(new ByteReader(frame.bytes)));
  }

  #checkLength(length: number): void {
    if (length > 0 && length <= this.#maxFrameBytes) return;
    throw frameError(`a frame of ${length} bytes, where 1 to ${this.#maxFrameBytes} are allowed`);
  }
}

/** Copies from `chunk` until `target` holds `until` bytes or the chunk ends; answers where it stopped in the chunk. */
function fill(target: Arriving, chunk: Buffer, at: number, until: number): number {
  const copied = chunk.copy(target.bytes, target.filled, at, Math.min(chunk.length, at + until - target.filled));
  target.filled += copied;
  return at + copied;
}
