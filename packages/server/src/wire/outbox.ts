import { JitneyError } from '@jitney/core';
import { bodyBytes } from './body-encoder.js';
import { ByteWriter } from './byte-writer.js';
import { encodeFrame } from './frame-encoder.js';
import { type Frame, PIECE_BYTES } from './frames.js';
import { RECORD, RECORD_HEADER_BYTES } from './layout.js';
import { PieceQueue } from './piece-queue.js';

/**
 * Frames on their way out of a connection. Small ones gather in one buffer and are taken first; large ones are taken
 * piece by piece in turns. Frames of one id keep their order.
 */
export class Outbox {
  readonly #maxFrameBytes: number;
  readonly #small = ByteWriter.contiguous(PIECE_BYTES);
  readonly #large: PieceQueue;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#large = new PieceQueue(maxFrameBytes);
  }

  /** Bytes that wait to be taken. */
  get byteLength(): number {
    return this.#small.length + this.#large.byteLength;
  }

  get hasPieces(): boolean {
    return this.#large.byteLength > 0;
  }

  /** Bytes that {@link takeSmall} would give. */
  get smallBytes(): number {
    return this.#small.length;
  }

  /**
   * @throws JitneyError TOO_LARGE above `maxFrameBytes`, INTERNAL when the frame cannot be encoded; nothing of it is
   * sent then.
   */
  add(frame: Frame): void {
    if ('body' in frame && bodyBytes(frame.body) > PIECE_BYTES / 2) return this.#addLarge(frame);
    if (this.#large.byteLength > 0 && 'id' in frame && this.#large.holds(frame.id)) return this.#addLarge(frame);
    const start = this.#small.length;
    try {
      this.#addSmall(frame, start);
    } catch (thrown) {
      this.#small.length = start;
      throw thrown;
    }
  }

  /** The small frames as whole records. The bytes stay valid until {@link reuse} or the next {@link add}. */
  takeSmall(): Uint8Array {
    return this.#small.written();
  }

  /** After {@link takeSmall}: its bytes were copied by the system, or (`isHeld`) somebody still reads them. */
  clearSmall(isHeld: boolean): void {
    if (isHeld) this.#small.release();
    else this.#small.length = 0;
  }

  /** The next piece as a record, in parts; `null` when no large frame waits. */
  takePiece(): readonly Uint8Array[] | null {
    return this.#large.take();
  }

  #addSmall(frame: Frame, start: number): void {
    const writer = this.#small;
    writer.u32(0);
    writer.u8(RECORD.whole);
    writer.u8(0);
    writer.u16(0);
    encodeFrame(writer, frame);
    const length = writer.length - start - RECORD_HEADER_BYTES;
    if (length > PIECE_BYTES) {
      writer.length = start;
      return this.#addLarge(frame);
    }
    this.#checkLength(length);
    writer.patchU32(start, length);
    writer.pad8(start);
  }

  #addLarge(frame: Frame): void {
    const writer = ByteWriter.scattered();
    encodeFrame(writer, frame);
    this.#checkLength(writer.length);
    this.#large.add('id' in frame ? frame.id : null, writer.finish(), writer.length);
  }

  #checkLength(length: number): void {
    if (length <= this.#maxFrameBytes) return;
    throw new JitneyError('TOO_LARGE', `frame: ${length} bytes are above the limit of ${this.#maxFrameBytes}`);
  }
}
