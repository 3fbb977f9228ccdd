import { JitneyError } from '@jitney/core';

/** Bytes with random access, such as an open file. */
export interface ByteSource {
  readonly size: number;
  /** Fills `into` from `position` on; answers how many bytes it got. */
  read(position: number, into: Uint8Array): Promise<number>;
}

/**
 * Takes the fields of one message as they are met. Nothing is kept for it: what a reader does not copy is gone.
 * A field the reader does not know is skipped unread.
 */
export interface MessageReader {
  /** The message's name, for errors. */
  readonly name: string;
  /** A varint, as 64 bits with sign. */
  integer?(field: number, value: bigint): void;
  /** `bytes` of fixed-width numbers (4 or 8), not read. */
  fixed?(field: number, bytes: number): void;
  /**
   * Decides what a field of `length` bytes is: a message with its reader, UTF-8 text, packed varints (each then
   * comes to `integer`), or bytes to skip.
   */
  delimited(field: number, length: number): MessageReader | 'text' | 'integers' | 'skip';
  /** The text of a field; cut to {@link MAX_TEXT_BYTES}. */
  text?(field: number, value: string): void;
  /** The message is complete. */
  end?(): void;
}

/** Bytes of the file in memory at any moment. */
export const WINDOW_BYTES = 64 * 1024;
/** A text longer than this is cut. PATH_MAX, and far above any name. */
export const MAX_TEXT_BYTES = 4096;
/** Messages within messages: the limit of Google's protobuf library, and so of ONNX Runtime. */
export const MAX_DEPTH = 100;

/** Bytes that must be in the window before a field is decoded: tag, length, text. */
const HEADROOM_BYTES = MAX_TEXT_BYTES + 32;

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_DELIMITED = 2;
const WIRE_FIXED32 = 5;

export interface ScanOptions {
  /** Called with what is wrong with the bytes; throws. */
  readonly fail: (problem: string) => never;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Walks a protobuf message field by field without loading it: one window of {@link WINDOW_BYTES} moves over the
 * source and jumps over what readers skip. Nesting lives on an explicit stack of at most {@link MAX_DEPTH} messages,
 * so hostile depth cannot exhaust the call stack, and no length in the file leads to an allocation.
 *
 * Source: protobuf.dev/programming-guides/encoding.
 * @throws whatever `fail` throws; JitneyError `CANCELLED` after `signal`.
 */
export async function scanMessage(source: ByteSource, root: MessageReader, options: ScanOptions): Promise<void> {
  const scanner = new Scanner(source, root, options);
  while (!scanner.done) {
    if (scanner.starved) await scanner.refill();
    scanner.step();
  }
}

interface OpenMessage {
  readonly reader: MessageReader;
  readonly end: number;
}

class Scanner {
  readonly #source: ByteSource;
  readonly #options: ScanOptions;
  readonly #stack: OpenMessage[];
  readonly #window = new Uint8Array(WINDOW_BYTES);
  readonly #decoder = new TextDecoder();
  /** Position in the source of the window's first byte, and of the byte after its last. */
  #windowStart = 0;
  #windowEnd = 0;
  #position = 0;

  constructor(source: ByteSource, root: MessageReader, options: ScanOptions) {
    this.#source = source;
    this.#options = options;
    this.#stack = [{ reader: root, end: source.size }];
  }

  get done(): boolean {
    return this.#stack.length === 0;
  }

  /** The next field may reach beyond the window. */
  get starved(): boolean {
    return this.#windowEnd < this.#source.size && this.#position + HEADROOM_BYTES > this.#windowEnd;
  }

  async refill(): Promise<void> {
    if (this.#options.signal?.aborted) throw new JitneyError('CANCELLED', 'Reading the model file was cancelled.');
    const wanted = Math.min(WINDOW_BYTES, this.#source.size - this.#position);
    this.#windowStart = this.#position;
    this.#windowEnd = this.#position;
    while (this.#windowEnd - this.#windowStart < wanted) {
      const filled = this.#windowEnd - this.#windowStart;
      const got = await this.#source.read(this.#windowEnd, this.#window.subarray(filled, wanted));
      if (got === 0) this.#options.fail(`it became shorter while it was read: nothing at byte ${this.#windowEnd}`);
      this.#windowEnd += got;
    }
  }

  /** Takes one field, or closes the message that ends here. */
  step(): void {
    const open = this.#stack.at(-1) as OpenMessage;
    if (this.#position === open.end) {
      this.#stack.pop();
      open.reader.end?.();
      return;
    }
    const start = this.#position;
    const tag = this.#number(open);
    const field = Math.floor(tag / 8);
    if (field === 0 || field > 0x1fff_ffff) this.#malformed(start, open, `${field} is not a field number`);
    this.#field(open, field, tag % 8, start);
  }

  #field(open: OpenMessage, field: number, wireType: number, start: number): void {
    if (wireType === WIRE_VARINT) this.#integer(open, field);
    else if (wireType === WIRE_FIXED32) this.#fixed(open, field, 4);
    else if (wireType === WIRE_FIXED64) this.#fixed(open, field, 8);
    else if (wireType === WIRE_DELIMITED) this.#delimited(open, field);
    else this.#malformed(start, open, `field ${field} has wire type ${wireType}, which does not exist`);
  }

  #integer(open: OpenMessage, field: number): void {
    const value = this.#varint(open);
    open.reader.integer?.(field, value);
  }

  #fixed(open: OpenMessage, field: number, bytes: number): void {
    this.#advance(bytes, open, field);
    open.reader.fixed?.(field, bytes);
  }

  #delimited(open: OpenMessage, field: number): void {
    const length = this.#number(open);
    const start = this.#position;
    this.#advance(length, open, field);
    const taken = open.reader.delimited(field, length);
    if (taken === 'text') open.reader.text?.(field, this.#text(start, length));
    else if (taken === 'integers') this.#integers(open, field, start, start + length);
    else if (taken !== 'skip') this.#open(taken, start, start + length);
  }

  #open(reader: MessageReader, start: number, end: number): void {
    if (this.#stack.length >= MAX_DEPTH) {
      this.#options.fail(`its messages lie more than ${MAX_DEPTH} levels inside each other (at byte ${start})`);
    }
    this.#stack.push({ reader, end });
    this.#position = start;
  }

  #text(start: number, length: number): string {
    const offset = start - this.#windowStart;
    return this.#decoder.decode(this.#window.subarray(offset, offset + Math.min(length, MAX_TEXT_BYTES)));
  }

  #integers(open: OpenMessage, field: number, start: number, end: number): void {
    if (end - start > MAX_TEXT_BYTES) {
      this.#malformed(start, open, `field ${field} lists ${end - start} bytes of numbers`);
    }
    this.#position = start;
    const packed = { reader: open.reader, end };
    while (this.#position < end) open.reader.integer?.(field, this.#varint(packed));
  }

  #advance(bytes: number, open: OpenMessage, field: number): void {
    const left = open.end - this.#position;
    if (bytes > left) {
      this.#options.fail(
        `it is cut short or damaged: field ${field} of ${open.reader.name} claims ${bytes} bytes at byte ` +
          `${this.#position}, where ${left} are left`,
      );
    }
    this.#position += bytes;
  }

  /** A tag or a length: a varint that must be a safe, positive number. */
  #number(open: OpenMessage): number {
    const first = this.#window[this.#position - this.#windowStart];
    if (first !== undefined && first < 0x80 && this.#position < open.end) {
      this.#position++;
      return first;
    }
    const value = BigInt.asUintN(64, this.#varint(open));
    return Number(value);
  }

  #varint(open: OpenMessage): bigint {
    const start = this.#position;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#position >= open.end) this.#malformed(start, open, 'a number has no end');
      const byte = this.#window[this.#position - this.#windowStart] as number;
      this.#position++;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    this.#malformed(start, open, 'a number is longer than 10 bytes');
  }

  #malformed(position: number, open: OpenMessage, detail: string): never {
    this.#options.fail(`it is damaged or not an ONNX model: at byte ${position}, in ${open.reader.name}, ${detail}`);
  }
}
