import {
  atomEnd,
  CLOSE_ARRAY,
  COMMA,
  IN_ATOM,
  isWhitespace,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
} from '../json/bytes.js';
import { Carry } from '../json/carry.js';
import { describeByte, MAX_NUMBER_BYTES, malformed, numberTooLong, tooDeep } from '../json/malformed.js';
import { NumberRun } from '../json/number-run.js';
import type { ValueReader } from '../json/receiver.js';
import { asciiText } from '../json/text.js';
import type { NumberColumn } from './number-column.js';

/** Arrays that `data` may nest. */
const MAX_NESTING = 100;

/** Where numbers wait between being read and being stored. Shared, since it is empty whenever a call returns. */
const SCRATCH = new Float64Array(512);

type Expect = 'array' | 'first element' | 'element' | 'next';

const WANTED: Readonly<Record<Expect, string>> = {
  array: 'an array of numbers',
  'first element': "a number or ']'",
  element: 'a number',
  next: "',' or ']'",
};

/**
 * Reads an array of numbers, flat or nested, straight from the bytes into a {@link NumberColumn}.
 *
 * A number that a chunk ends in is carried over; all others are read where they lie.
 */
export class NumberReader implements ValueReader {
  readonly #column: NumberColumn;
  readonly #run: NumberRun;
  readonly #carry = new Carry();
  #carryOffset = 0;
  #expect: Expect = 'array';
  #depth = 0;
  /** Where the chunk's first byte stands in the text. */
  #offset = 0;

  constructor(column: NumberColumn) {
    this.#column = column;
    const { dtype } = column;
    this.#run = new NumberRun(
      dtype === 'FP32' ? 'single' : dtype === 'FP64' || dtype === 'FP16' || dtype === 'BF16' ? 'double' : 'integer',
    );
  }

  get done(): boolean {
    return this.#expect === 'next' && this.#depth === 0;
  }

  read(bytes: Uint8Array, from: number, end: number, offset: number): number {
    this.#offset = offset;
    if (this.#expect === 'array' && bytes[from] !== OPEN_ARRAY) throw this.#unexpected(bytes, from);
    let at = this.#carry.length === 0 ? from : this.#finishCarried(bytes, from, end);
    // Up to here every number has a byte behind it, so that the inner loops need not look for the end.
    let whole = end;
    while (whole > at && IN_ATOM[bytes[whole - 1] as number] === 1) whole--;
    this.#offset = offset;
    at = this.#readWhole(bytes, at, whole);
    if (this.done || at === end) return at;
    if (end - at > MAX_NUMBER_BYTES) throw numberTooLong(offset + at);
    if (this.#carry.length === 0) this.#carryOffset = offset + at;
    this.#carry.append(bytes, at, end);
    return end;
  }

  /** Reads the carried number once its end is there. */
  #finishCarried(bytes: Uint8Array, from: number, end: number): number {
    const stop = atomEnd(bytes, from, end);
    if (this.#carry.length + stop - from > MAX_NUMBER_BYTES) throw numberTooLong(this.#carryOffset);
    if (stop === end) return from;
    this.#carry.append(bytes, from, stop);
    this.#carry.push(SPACE);
    this.#offset = this.#carryOffset;
    this.#readWhole(this.#carry.bytes, 0, this.#carry.length);
    this.#carry.clear();
    return stop;
  }

  /** Reads until the outermost array closes, at most to `end`, which is no place inside a number. */
  #readWhole(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && !this.done) {
      const byte = bytes[at] as number;
      if (isWhitespace(byte)) at++;
      else if (this.#expect === 'next' || byte === OPEN_ARRAY || byte === CLOSE_ARRAY) this.#structure(bytes, at++);
      else at = this.#readRun(bytes, at, end);
    }
    return at;
  }

  #readRun(bytes: Uint8Array, from: number, end: number): number {
    const run = this.#run;
    const at = run.read(bytes, from, end, SCRATCH);
    if (run.count > 0) {
      this.#column.append(SCRATCH, run.count);
      this.#expect = run.expectsElement ? 'element' : 'next';
      return at;
    }
    const stop = this.#odd(bytes, at, end);
    this.#expect = 'next';
    return stop;
  }

  #structure(bytes: Uint8Array, at: number): void {
    const byte = bytes[at] as number;
    if (byte === OPEN_ARRAY && this.#expect !== 'next') {
      if (++this.#depth > MAX_NESTING) throw tooDeep(this.#offset + at);
      this.#expect = 'first element';
    } else if (byte === CLOSE_ARRAY && (this.#expect === 'next' || this.#expect === 'first element')) {
      this.#depth--;
      this.#expect = 'next';
    } else if (byte === COMMA && this.#expect === 'next') {
      this.#expect = 'element';
    } else {
      throw this.#unexpected(bytes, at);
    }
  }

  /** An element that is no short number. */
  #odd(bytes: Uint8Array, at: number, end: number): number {
    const stop = atomEnd(bytes, at, end);
    if (stop - at > MAX_NUMBER_BYTES) throw numberTooLong(this.#offset + at);
    if (stop > at) this.#column.appendText(asciiText(bytes, at, stop));
    else if (bytes[at] === QUOTE) throw this.#column.notANumber('a string');
    else if (bytes[at] === OPEN_OBJECT) throw this.#column.notANumber('an object');
    else throw this.#unexpected(bytes, at);
    return stop;
  }

  #unexpected(bytes: Uint8Array, at: number): Error {
    const found = describeByte(bytes[at] as number);
    return malformed(`expected ${WANTED[this.#expect]}, found ${found}`, this.#offset + at);
  }
}
