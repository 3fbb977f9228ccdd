import { align8, frameError, MAX_TEXT_BYTES } from './layout.js';

/** Texts up to this length are written character by character: a native call costs more (bench: wire). */
const SHORT_TEXT = 40;

/** Byte ranges from here on are kept as views by a writer that may, instead of being copied. */
const VIEW_BYTES = 4096;

const INITIAL_BYTES = 1024;

/** Writes little-endian values one after the other into a buffer that grows. Offsets count from its start. */
export class ByteWriter {
  length = 0;
  #bytes: Buffer;
  #view: DataView;
  /** Finished parts, when large ranges are kept as views; else `null`. */
  readonly #parts: Uint8Array[] | null;
  /** Bytes that `parts` hold. */
  #partBytes = 0;

  private constructor(parts: Uint8Array[] | null, capacity: number) {
    this.#parts = parts;
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Copies everything into one buffer. */
  static contiguous(capacity = INITIAL_BYTES): ByteWriter {
    return new ByteWriter(null, capacity);
  }

  /** Keeps large ranges as views: they must not change until {@link finish}'s parts were written out. */
  static scattered(): ByteWriter {
    return new ByteWriter([], INITIAL_BYTES);
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length - this.#partBytes] = value;
    this.length += 1;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.length - this.#partBytes, value, true);
    this.length += 2;
  }

  /** @throws JitneyError INTERNAL when `value` is no integer from 0 to 2^32 - 1. */
  u32(value: number): void {
    if (value >>> 0 !== value) throw frameError(`expected an unsigned 32-bit integer, got ${value}`);
    this.#reserve(4);
    this.#view.setUint32(this.length - this.#partBytes, value, true);
    this.length += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.length - this.#partBytes, value, true);
    this.length += 8;
  }

  /** @throws JitneyError INTERNAL when it takes more than MAX_TEXT_BYTES. */
  text(value: string): void {
    this.#reserve(2 + 3 * value.length);
    const start = this.length - this.#partBytes;
    let written = value.length <= SHORT_TEXT ? this.#ascii(value, start + 2) : -1;
    if (written < 0) written = this.#bytes.write(value, start + 2, 'utf8');
    if (written > MAX_TEXT_BYTES)
      throw frameError(`a text of ${written} bytes is above the limit of ${MAX_TEXT_BYTES}`);
    this.#view.setUint16(start, written, true);
    this.length += 2 + written;
  }

  raw(source: Uint8Array): void {
    if (this.#parts !== null && source.length >= VIEW_BYTES) return this.#keep(this.#parts, source);
    this.#reserve(source.length);
    this.#bytes.set(source, this.length - this.#partBytes);
    this.length += source.length;
  }

  /** Zeros up to the next multiple of 8 from `origin`. */
  pad8(origin: number): void {
    const padded = origin + align8(this.length - origin);
    while (this.length < padded) this.u8(0);
  }

  /** Overwrites four bytes written before, of the part that is being written. */
  patchU32(offset: number, value: number): void {
    this.#view.setUint32(offset - this.#partBytes, value, true);
  }

  /** The bytes written, as a view that the next write may change. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.length - this.#partBytes);
  }

  /** All parts in order; the writer is not used afterwards. */
  finish(): readonly Uint8Array[] {
    const tail = this.written();
    if (this.#parts === null) return [tail];
    if (tail.length > 0) this.#parts.push(tail);
    return this.#parts;
  }

  /** Starts again in a new buffer, since the old one is being read by somebody else. */
  release(): void {
    this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length);
    this.#view = new DataView(this.#bytes.buffer);
    this.length = 0;
  }

  #keep(parts: Uint8Array[], source: Uint8Array): void {
    const before = this.written();
    if (before.length > 0) parts.push(before);
    parts.push(source);
    this.length += source.length;
    this.#partBytes = this.length;
    this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written, or -1 at the first character that takes more than one. */
  #ascii(value: string, start: number): number {
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return -1;
      this.#bytes[start + i] = code;
    }
    return value.length;
  }

  #reserve(count: number): void {
    const used = this.length - this.#partBytes;
    if (used + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, used + count));
    grown.set(this.#bytes.subarray(0, used));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
