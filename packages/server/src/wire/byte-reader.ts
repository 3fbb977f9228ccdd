import { frameError } from './layout.js';

/**
 * Reads little-endian values one after the other from a window of `bytes`. Every read is checked against the window.
 *
 * @throws JitneyError INTERNAL from any read that would leave the window.
 */
export class ByteReader {
  readonly bytes: Buffer;
  /** Where the next value is read. */
  offset = 0;
  /** Start and end of the window, counted from the start of `bytes`. */
  start = 0;
  end = 0;
  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
  }

  /** The next reads are from `[start, end)`. */
  within(start: number, end: number): void {
    if (start > end || end > this.bytes.length) throw frameError('a frame ends behind its buffer');
    this.start = start;
    this.offset = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  u8(): number {
    return this.bytes[this.#advance(1)] as number;
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  /** A whole number from 0 to 2^53 - 1, sent as f64. */
  count(): number {
    const value = this.f64();
    if (!Number.isSafeInteger(value) || value < 0) throw frameError(`expected a whole number, got ${value}`);
    return value;
  }

  text(): string {
    const length = this.u16();
    if (length === 0) return '';
    const start = this.#advance(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  #advance(count: number): number {
    const at = this.offset;
    if (at + count > this.end) {
      throw frameError(`needs ${count} bytes at ${at - this.start}, has ${this.end - at}`);
    }
    this.offset = at + count;
    return at;
  }
}
