import { align8, frameError, MAX_TEXT_BYTES } from './layout.js';

/** Byte ranges from here on are kept as views by a scattered writer, instead of being copied. */
const VIEW_BYTES = 4096;

const INITIAL_BYTES = 1024;

/**
 * Writes little-endian values one after the other into a buffer that grows.
 *
 *   parts so far                     buffer
 *   ┌───────────┬──────┬───────────┐ ┌──────────────┬─────────────┬────────┐
 *   │ of buffer │ view │ of buffer │ │ in parts too │ not yet     │ free   │
 *   └───────────┴──────┴───────────┘ └──────────────┴─────────────┴────────┘
 *                                    0              mark          used
 */
export class ByteWriter {
  /** Finished parts, where large ranges are kept as views; else `null`. */
  readonly #parts: Uint8Array[] | null;
  #buffer: Buffer;
  #view: DataView;
  #used = 0;
  #mark = 0;
  /** What to add to an offset in the buffer to have one in all that was written. */
  #origin = 0;

  private constructor(parts: Uint8Array[] | null, capacity: number) {
    this.#parts = parts;
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Copies everything into one buffer. */
  static contiguous(capacity = INITIAL_BYTES): ByteWriter {
    return new ByteWriter(null, capacity);
  }

  /** Keeps large ranges as views: they must not change as long as the result of {@link finish} is in use. */
  static scattered(): ByteWriter {
    return new ByteWriter([], INITIAL_BYTES);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#origin + this.#used;
  }

  get capacity(): number {
    return this.#buffer.length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#used] = value;
    this.#used += 1;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#used, value, true);
    this.#used += 2;
  }

  /** @throws JitneyError INTERNAL when `value` is no integer from 0 to 2^32 - 1. */
  u32(value: number): void {
    if (value >>> 0 !== value) throw frameError(`expected an unsigned 32-bit integer, got ${value}`);
    this.#reserve(4);
    this.#view.setUint32(this.#used, value, true);
    this.#used += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#used, value, true);
    this.#used += 8;
  }

  /**
   * A whole number from 0 to 2^53 - 1, as f64.
   * @throws JitneyError INTERNAL when `value` is none.
   */
  count(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw frameError(`expected a whole number, got ${value}`);
    this.f64(value);
  }

  /** @throws JitneyError INTERNAL when it takes more than MAX_TEXT_BYTES. */
  text(value: string): void {
    if (value.length === 0) return this.u16(0);
    this.#reserve(2 + 3 * value.length);
    const written = this.#buffer.write(value, this.#used + 2, 'utf8');
    if (written > MAX_TEXT_BYTES) {
      throw frameError(`a text of ${written} bytes is above the limit of ${MAX_TEXT_BYTES}`);
    }
    this.#view.setUint16(this.#used, written, true);
    this.#used += 2 + written;
  }

  /** Bytes as they are. */
  raw(source: Uint8Array): void {
    if (this.#parts !== null && source.length >= VIEW_BYTES) return this.#keep(this.#parts, source);
    this.#reserve(source.length);
    this.#buffer.set(source, this.#used);
    this.#used += source.length;
  }

  /** Zeros up to the next multiple of 8 from `start`. */
  pad8(start: number): void {
    const padded = start + align8(this.length - start);
    while (this.length < padded) this.u8(0);
  }

  /** Overwrites four bytes at `offset` of all that was written; nothing large may have come since. */
  patchU32(offset: number, value: number): void {
    this.#view.setUint32(offset - this.#origin, value, true);
  }

  /** Takes back what a contiguous writer wrote from `length` on. */
  truncate(length: number): void {
    this.#used = length;
  }

  /** What a contiguous writer wrote, as a view of its buffer. */
  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#used);
  }

  /** All that a scattered writer wrote, in order; it is not used afterwards. */
  finish(): readonly Uint8Array[] {
    const parts = this.#parts ?? [];
    this.#endPart(parts);
    return parts;
  }

  #keep(parts: Uint8Array[], source: Uint8Array): void {
    this.#endPart(parts);
    parts.push(source);
    this.#origin += source.length;
  }

  #endPart(parts: Uint8Array[]): void {
    if (this.#used > this.#mark) parts.push(this.#buffer.subarray(this.#mark, this.#used));
    this.#mark = this.#used;
  }

  #reserve(count: number): void {
    if (this.#used + count > this.#buffer.length) this.#grow(count);
  }

  /** Parts keep the old buffer; what is in none yet moves to the start of a new one. */
  #grow(count: number): void {
    const open = this.#buffer.subarray(this.#mark, this.#used);
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, open.length + count));
    this.#buffer.set(open);
    this.#view = new DataView(this.#buffer.buffer);
    this.#origin += this.#mark;
    this.#used = open.length;
    this.#mark = 0;
  }
}
