import { ByteReader } from './byte-reader.js';
import { decodeFrame } from './frame-decoder.js';
import { type Frame, PIECE_BYTES } from './frames.js';
import { LargeBuffers } from './large-buffers.js';
import { align8, frameError, OPEN_HEADER_BYTES, RECORD, RECORD_HEADER_BYTES } from './layout.js';
import { type Arriving, OpenFrames } from './open-frames.js';

/** The record that the last chunk ended in. */
interface Unfinished {
  readonly frame: Arriving;
  /** Of a frame in pieces; `null` for a frame in one record. */
  readonly stream: number | null;
  /** Bytes of the frame, and then of padding, that this record still brings. */
  left: number;
  padding: number;
}

/** Less of a record than this is read together with what comes behind it. */
const DIRECT_BYTES = PIECE_BYTES / 8;

/**
 * Turns arriving bytes into frames. They come as chunks ({@link push}), or are read to where the inbox wants them:
 *
 *   socket.read(inbox.room()) → inbox.received(count)
 *
 * Small frames are views of their chunk, or of a copy where it will change; frames in pieces are read into one buffer of
 * their exact size, out of `memory`, to which whoever got the frame may give it back.
 */
export class Inbox {
  readonly #maxFrameBytes: number;
  readonly #onFrame: (frame: Frame) => void;
  readonly #header: Arriving = { bytes: Buffer.alloc(RECORD_HEADER_BYTES + OPEN_HEADER_BYTES), filled: 0 };
  readonly #open: OpenFrames;
  readonly #fleeting = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #record: Unfinished | null = null;
  /** The record that the next bytes are read into. */
  #direct: Unfinished | null = null;
  #isStopped = false;

  constructor(maxFrameBytes: number, onFrame: (frame: Frame) => void, memory = new LargeBuffers()) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
    this.#open = new OpenFrames(maxFrameBytes, memory);
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
   * Hands on each frame as it is complete, in order. `chunk` must not change afterwards.
   * @throws JitneyError INTERNAL at bytes that are no records or frames; nothing can be read after it.
   */
  push(chunk: Buffer): void {
    const reader = new ByteReader(chunk);
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      at = this.#isAmidRecord ? this.#continue(chunk, at) : this.#readWhole(reader, at);
    }
  }

  /**
   * Where the next bytes are to be read to: what is left of a large record straight into its frame, anything else into
   * memory that serves all reads.
   */
  room(): Buffer {
    this.#direct = this.#record !== null && this.#record.left >= DIRECT_BYTES && !this.#isStopped ? this.#record : null;
    if (this.#direct === null) return this.#fleeting;
    const { frame, left } = this.#direct;
    return frame.bytes.subarray(frame.filled, frame.filled + left);
  }

  /**
   * The first `count` bytes of the last {@link room} are there. Hands on each frame that is complete by that.
   * @throws JitneyError INTERNAL as {@link push} does.
   */
  received(count: number): void {
    const record = this.#direct;
    if (record === null) return this.#pushFleeting(this.#fleeting.subarray(0, count));
    record.frame.filled += count;
    record.left -= count;
    if (record.left === 0 && record.padding === 0) this.#endRecord(record);
  }

  /** As {@link push}, with a chunk that the next read overwrites. */
  #pushFleeting(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      const end = this.#isAmidRecord ? at : endOfWhole(chunk, at);
      if (end > at) this.push(Buffer.from(chunk.subarray(at, end)));
      at = end > at ? end : this.#continue(chunk, at);
    }
  }

  get #isAmidRecord(): boolean {
    return this.#record !== null || this.#header.filled > 0;
  }

  #continue(chunk: Buffer, at: number): number {
    return this.#record === null ? this.#continueHeader(chunk, at) : this.#continueRecord(this.#record, chunk, at);
  }

  /** The usual case: a small frame that lies in the chunk as a whole. Anything else goes through the header. */
  #readWhole(reader: ByteReader, at: number): number {
    const { bytes } = reader;
    const start = at + RECORD_HEADER_BYTES;
    if (start > bytes.length || bytes[at + 4] !== RECORD.whole) return this.#continueHeader(bytes, at);
    const length = bytes.readUInt32LE(at);
    const next = start + align8(length);
    if (next > bytes.length) return this.#continueHeader(bytes, at);
    this.#checkWhole(length);
    reader.within(start, start + length);
    this.#onFrame(decodeFrame(reader));
    return next;
  }

  #continueHeader(chunk: Buffer, at: number): number {
    const header = this.#header;
    let next = at;
    if (header.filled < RECORD_HEADER_BYTES) next = fill(header, chunk, next, RECORD_HEADER_BYTES);
    if (header.filled < RECORD_HEADER_BYTES) return next;
    if (header.bytes[4] === RECORD.open) next = fill(header, chunk, next, header.bytes.length);
    if (header.bytes[4] === RECORD.open && header.filled < header.bytes.length) return next;
    header.filled = 0;
    this.#record = this.#begin(header.bytes);
    return next;
  }

  #begin(header: Buffer): Unfinished {
    const length = header.readUInt32LE(0);
    const stream = header.readUInt16LE(6);
    switch (header[4]) {
      case RECORD.whole:
        this.#checkWhole(length);
        return unfinished({ bytes: Buffer.allocUnsafeSlow(length), filled: 0 }, null, length);
      case RECORD.open:
        this.#checkLength(header.readUInt32LE(RECORD_HEADER_BYTES));
        this.#open.open(stream, header.readUInt32LE(RECORD_HEADER_BYTES));
        return this.#beginPiece(stream, length - OPEN_HEADER_BYTES);
      case RECORD.more:
        return this.#beginPiece(stream, length);
      default:
        throw frameError(`unknown kind of record ${header[4]}`);
    }
  }

  #beginPiece(stream: number, length: number): Unfinished {
    return unfinished(this.#open.piece(stream, length), stream, length);
  }

  #continueRecord(record: Unfinished, chunk: Buffer, at: number): number {
    const next = fill(record.frame, chunk, at, record.frame.filled + record.left);
    record.left -= next - at;
    const skipped = record.left > 0 ? 0 : Math.min(record.padding, chunk.length - next);
    record.padding -= skipped;
    if (record.left === 0 && record.padding === 0) this.#endRecord(record);
    return next + skipped;
  }

  #endRecord({ frame, stream }: Unfinished): void {
    this.#record = null;
    if (frame.filled < frame.bytes.length) return;
    if (stream !== null) this.#open.end(stream);
    this.#onFrame(decodeFrame(new ByteReader(frame.bytes)));
  }

  #checkWhole(length: number): void {
    this.#checkLength(length);
    if (length > PIECE_BYTES) throw frameError(`a record of ${length} bytes is above the limit of ${PIECE_BYTES}`);
  }

  #checkLength(length: number): void {
    if (length > 0 && length <= this.#maxFrameBytes) return;
    throw frameError(`a frame of ${length} bytes, where 1 to ${this.#maxFrameBytes} are allowed`);
  }
}

/** Where the small frames end that lie in `chunk` as a whole, one behind the other from `at` on. */
function endOfWhole(chunk: Buffer, at: number): number {
  let end = at;
  while (end + RECORD_HEADER_BYTES <= chunk.length && chunk[end + 4] === RECORD.whole) {
    const next = end + RECORD_HEADER_BYTES + align8(chunk.readUInt32LE(end));
    if (next > chunk.length) break;
    end = next;
  }
  return end;
}

function unfinished(frame: Arriving, stream: number | null, left: number): Unfinished {
  return { frame, stream, left, padding: -left & 7 };
}

/** Copies from `chunk` until `target` holds `until` bytes or the chunk ends; answers where it stopped in the chunk. */
function fill(target: Arriving, chunk: Buffer, at: number, until: number): number {
  const copied = chunk.copy(target.bytes, target.filled, at, Math.min(chunk.length, at + until - target.filled));
  target.filled += copied;
  return at + copied;
}
