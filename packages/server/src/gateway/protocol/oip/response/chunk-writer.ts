import { writeAscii } from './ascii.js';

/** Size of a chunk, and so about the work between two rests. */
const CHUNK_BYTES = 64 * 1024;
const LEAST_BYTES = 512;

/** Bytes written one after the other into chunks of at most 64 KiB, which are never copied. */
export class ChunkWriter {
  /** The chunk that is being written; `at` is where it goes on. */
  bytes: Buffer;
  at = 0;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** @param expected - about how many bytes will come, so that a short text takes one short chunk */
  constructor(expected: number) {
    this.bytes = Buffer.allocUnsafe(Math.min(Math.max(expected, LEAST_BYTES), CHUNK_BYTES));
  }

  /** Bytes that fit the chunk still. */
  get room(): number {
    return this.bytes.length - this.at;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length + this.at;
  }

  /** Ends the chunk and begins another. */
  next(): void {
    this.#endChunk();
    this.bytes = Buffer.allocUnsafe(CHUNK_BYTES);
    this.at = 0;
  }

  /** Makes room for `count` bytes, at most {@link CHUNK_BYTES}. */
  reserve(count: number): void {
    if (this.room < count) this.next();
  }

  ascii(text: string): void {
    this.reserve(text.length);
    this.at = writeAscii(this.bytes, this.at, text);
  }

  /** Any text. */
  utf8(text: string): void {
    // Three bytes a code unit are the most there can be.
    if (text.length * 3 <= this.room) this.at += this.bytes.write(text, this.at, 'utf8');
    else this.raw(Buffer.from(text));
  }

  /** Any number of bytes, copied. */
  raw(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      this.reserve(1);
      const count = Math.min(this.room, bytes.length - from);
      this.bytes.set(bytes.subarray(from, from + count), this.at);
      this.at += count;
      from += count;
    }
  }

  /** All chunks. Nothing may be written afterwards. */
  finish(): Uint8Array[] {
    this.#endChunk();
    return this.#chunks;
  }

  #endChunk(): void {
    if (this.at > 0) this.#chunks.push(this.bytes.subarray(0, this.at));
    this.#length += this.at;
    this.at = 0;
  }
}
