import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../json/bytes.js';
import { Carry } from '../json/carry.js';
import { describeByte, malformed } from '../json/malformed.js';
import type { ValueReader } from '../json/receiver.js';

/**
 * Keeps the bytes of an array unread, until something that comes later tells what they are.
 *
 * It looks at brackets and strings only, to find the end: what is between is checked when it is read.
 */
export class RawReader implements ValueReader {
  readonly #bytes = new Carry();
  #depth = 0;
  #inString = false;
  #afterBackslash = false;
  #done = false;
  /** Where the array begins in the text. */
  offset = 0;

  get done(): boolean {
    return this.#done;
  }

  read(bytes: Uint8Array, from: number, end: number, offset: number): number {
    if (this.#depth === 0) {
      const byte = bytes[from] as number;
      if (byte !== OPEN_ARRAY) throw malformed(`expected an array, found ${describeByte(byte)}`, offset + from);
      this.offset = offset + from;
    }
    let at = from;
    while (at < end && !this.#done) this.#look(bytes[at++] as number);
    this.#bytes.append(bytes, from, at);
    return at;
  }

  /** The bytes of the array, brackets included. */
  take(): Uint8Array {
    return this.#bytes.take();
  }

  #look(byte: number): void {
    if (this.#inString) {
      this.#inString = this.#afterBackslash || byte !== QUOTE;
      this.#afterBackslash = !this.#afterBackslash && byte === BACKSLASH;
    } else if (byte === QUOTE) {
      this.#inString = true;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      this.#depth++;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      this.#done = --this.#depth === 0;
    }
  }
}
