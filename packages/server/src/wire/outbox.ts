import { JitneyError } from '@jitney/core';
import { bodyBytes } from './body-encoder.js';
import { ByteWriter } from './byte-writer.js';
import { encodeFrame } from './frame-encoder.js';
import { type Frame, PIECE_BYTES } from './frames.js';
import { RECORD, RECORD_HEADER_BYTES } from './layout.js';
import { type Piece, PieceQueue } from './piece-queue.js';

/** Bodies from here on leave as views, in pieces; smaller ones are copied behind each other into one buffer. */
const LARGE_BODY_BYTES = PIECE_BYTES / 2;

/**
 * Frames on their way out of a connection: small ones gather in one buffer, large ones are cut into pieces. A small
 * one overtakes the large ones, except those of its own id.
 */
export class Outbox {
  readonly #maxFrameBytes: number;
  readonly #large: PieceQueue;
  #small = ByteWriter.contiguous(PIECE_BYTES);
  #spare: ByteWriter | null = null;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#large = new PieceQueue(maxFrameBytes);
  }

  /** Bytes that wait in small frames. */
  get smallBytes(): number {
    return this.#small.length;
  }

  /** Bytes that wait in large frames. */
  get largeBytes(): number {
    return this.#large.byteLength;
  }

  /**
   * @param onWritten - told once nobody reads the frame's body any more: at once where it was copied
   * @throws JitneyError TOO_LARGE above `maxFrameBytes`, INTERNAL when the frame cannot be encoded; nothing of it is
   * sent then.
   */
  add(frame: Frame, onWritten: (() => void) | null = null): void {
    if ('body' in frame && bodyBytes(frame.body) >= LARGE_BODY_BYTES) return this.#addLarge(frame, onWritten);
    if (this.#large.byteLength > 0 && 'id' in frame && this.#large.holds(frame.id)) {
      return this.#addLarge(frame, onWritten);
    }
    const start = this.#small.length;
    try {
      this.#addSmall(frame, start, onWritten);
    } catch (thrown) {
      this.#small.truncate(start);
      throw thrown;
    }
  }

  /** The small frames as whole records; they belong to the caller now. */
  takeSmall(): ByteWriter {
    const taken = this.#small;
    this.#small = this.#spare ?? ByteWriter.contiguous(PIECE_BYTES);
    this.#spare = null;
    return taken;
  }

  /** Gives back what {@link takeSmall} gave, once nobody reads it. */
  reuse(taken: ByteWriter): void {
    // A burst may have made it large: such a one is left to the garbage collector.
    if (taken.capacity > 4 * PIECE_BYTES) return;
    taken.truncate(0);
    this.#spare = taken;
  }

  /** The next piece of a large frame, one of those that fill `room` bytes; `null` when none waits. */
  takePiece(room = PIECE_BYTES): Piece | null {
    return this.#large.take(room);
  }

  #addSmall(frame: Frame, start: number, onWritten: (() => void) | null): void {
    const writer = this.#small;
    writer.u32(0);
    writer.u8(RECORD.whole);
    writer.u8(0);
    writer.u16(0);
    encodeFrame(writer, frame);
    const length = writer.length - start - RECORD_HEADER_BYTES;
    if (length > PIECE_BYTES) {
      writer.truncate(start);
      return this.#addLarge(frame, onWritten);
    }
    this.#checkLength(length);
    writer.patchU32(start, length);
    writer.pad8(start);
    onWritten?.();
  }

  #addLarge(frame: Frame, onWritten: (() => void) | null): void {
    const writer = ByteWriter.scattered();
    encodeFrame(writer, frame);
    this.#checkLength(writer.length);
    const id = 'id' in frame ? frame.id : null;
    this.#large.add({ id, parts: writer.finish(), byteLength: writer.length, onWritten });
  }

  #checkLength(length: number): void {
    if (length <= this.#maxFrameBytes) return;
    const limit = `${this.#maxFrameBytes} that pass between gateway and host`;
    throw new JitneyError('TOO_LARGE', `a message of ${length} bytes is above the limit of ${limit}`);
  }
}
