import {
  atomEnd,
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  IN_ATOM,
  isWhitespace,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './bytes.js';
import { Carry } from './carry.js';
import { LongString } from './long-string.js';
import { describeByte, MAX_DEPTH, MAX_NUMBER_BYTES, malformed, numberTooLong, tooDeep } from './malformed.js';
import type { Receiver, ValueReader } from './receiver.js';
import { StringToken } from './string-token.js';
import { asciiText } from './text.js';

/** What may come next outside of a token. */
type Expect = 'value' | 'first element' | 'first member' | 'member' | 'colon' | 'next' | 'end';

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const nameOfMember = (): string => 'the name of a member';

/**
 * Reads one JSON value (RFC 8259) as its bytes arrive, cut anywhere, and tells it to a {@link Receiver}.
 *
 * Nothing of the text is kept but a token whose end has not come, and the open containers (at most {@link MAX_DEPTH}).
 */
export class JsonScanner {
  #expect: Expect = 'value';
  /** Receivers of the open containers, outermost first, and what closes each. */
  readonly #open: Receiver[] = [];
  readonly #closers: number[] = [];
  /** Receiver of the value that comes next, unless it is an element, whose array is then asked. */
  #next: Receiver;
  #reader: ValueReader | null = null;
  /** The token that the last chunk ended in. */
  #unfinished: 'none' | 'string' | 'atom' = 'none';
  readonly #carry = new Carry();
  readonly #long = new LongString();
  readonly #token = new StringToken();
  /** The last byte read of an unfinished string was a backslash. */
  #afterBackslash = false;
  /** Where the chunk's first byte, and the token, stand in the text. */
  #offset: number;
  #tokenOffset = 0;

  /** @param offset - where the text starts in the whole, for messages; default 0 */
  constructor(root: Receiver, offset = 0) {
    this.#next = root;
    this.#offset = offset;
  }

  /**
   * Reads `bytes[from]` to `bytes[to - 1]`. Nothing of them is kept after the call.
   * @throws JitneyError `INVALID_ARGUMENT` for what is not JSON, and whatever the receivers throw.
   */
  write(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#offset -= from;
    let at = from;
    while (at < to) at = this.#advance(bytes, at, to);
    this.#offset += to;
  }

  /** @throws JitneyError `INVALID_ARGUMENT` when the value is not complete. */
  end(): void {
    if (this.#unfinished === 'atom') this.#finishCarriedAtom();
    if (this.#expect !== 'end') throw malformed('the document ends too early', this.#offset);
  }

  #advance(bytes: Uint8Array, at: number, end: number): number {
    if (this.#reader !== null) return this.#readOn(this.#reader, bytes, at, end);
    if (this.#unfinished === 'string') return this.#string(bytes, at, end);
    if (this.#unfinished === 'atom') return this.#atom(bytes, at, end);
    const byte = bytes[at] as number;
    if (isWhitespace(byte)) return at + 1;
    switch (this.#expect) {
      case 'value':
        return this.#value(bytes, at, end);
      case 'first element':
        return byte === CLOSE_ARRAY ? this.#close(at) : this.#value(bytes, at, end);
      case 'first member':
        return byte === CLOSE_OBJECT ? this.#close(at) : this.#member(bytes, at, end);
      case 'member':
        return this.#member(bytes, at, end);
      case 'colon':
        if (byte !== COLON) throw this.#unexpected("':'", byte, at);
        this.#expect = 'value';
        return at + 1;
      case 'next':
        return this.#nextOrClose(byte, at);
      case 'end':
        throw this.#unexpected('the end of the document', byte, at);
    }
  }

  #readOn(reader: ValueReader, bytes: Uint8Array, at: number, end: number): number {
    const next = reader.read(bytes, at, end, this.#offset);
    if (reader.done) {
      this.#reader = null;
      this.#valueEnded();
    }
    return next;
  }

  #member(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] !== QUOTE) throw this.#unexpected('the name of a member', bytes[at] as number, at);
    this.#expect = 'member';
    return this.#beginString(bytes, at, end);
  }

  #value(bytes: Uint8Array, at: number, end: number): number {
    const container = this.#open.at(-1);
    if (container !== undefined && this.#closers.at(-1) === CLOSE_ARRAY) this.#next = container.element();
    this.#expect = 'value';
    const reader = this.#next.reader();
    if (reader !== null) {
      this.#reader = reader;
      return at;
    }
    const byte = bytes[at] as number;
    if (byte === QUOTE) return this.#beginString(bytes, at, end);
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return this.#openContainer(byte, at);
    if (IN_ATOM[byte] !== 1) throw this.#unexpected('a value', byte, at);
    this.#tokenOffset = this.#offset + at;
    return this.#atom(bytes, at, end);
  }

  #openContainer(byte: number, at: number): number {
    if (this.#open.length === MAX_DEPTH) throw tooDeep(this.#offset + at);
    if (byte === OPEN_OBJECT) {
      this.#next.beginObject();
      this.#closers.push(CLOSE_OBJECT);
      this.#expect = 'first member';
    } else {
      this.#next.beginArray();
      this.#closers.push(CLOSE_ARRAY);
      this.#expect = 'first element';
    }
    this.#open.push(this.#next);
    return at + 1;
  }

  #nextOrClose(byte: number, at: number): number {
    const closer = this.#closers.at(-1);
    if (byte === closer) return this.#close(at);
    const inArray = closer === CLOSE_ARRAY;
    if (byte !== COMMA) throw this.#unexpected(inArray ? "',' or ']'" : "',' or '}'", byte, at);
    this.#expect = inArray ? 'value' : 'member';
    return at + 1;
  }

  #close(at: number): number {
    const receiver = this.#open.pop() as Receiver;
    if (this.#closers.pop() === CLOSE_ARRAY) receiver.endArray();
    else receiver.endObject();
    this.#valueEnded();
    return at + 1;
  }

  #valueEnded(): void {
    this.#expect = this.#open.length === 0 ? 'end' : 'next';
  }

  #beginString(bytes: Uint8Array, at: number, end: number): number {
    this.#tokenOffset = this.#offset + at;
    const token = this.#token;
    token.escaped = false;
    token.wide = false;
    token.problem = null;
    const close = this.#closingQuote(bytes, at + 1, end);
    if (close === end) {
      this.#unfinished = 'string';
      this.#long.append(bytes, at + 1, end, false);
      return end;
    }
    token.bytes = bytes;
    token.start = at + 1;
    token.end = close;
    this.#finishString(token);
    return close + 1;
  }

  /** Goes on with a string that began in an earlier chunk. */
  #string(bytes: Uint8Array, from: number, end: number): number {
    const close = this.#closingQuote(bytes, from, end);
    this.#long.append(bytes, from, close, close < end);
    if (close === end) return end;
    this.#unfinished = 'none';
    this.#long.moveTo(this.#token);
    this.#finishString(this.#token);
    return close + 1;
  }

  #closingQuote(bytes: Uint8Array, from: number, end: number): number {
    const token = this.#token;
    let wide = 0;
    let at = from;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (this.#afterBackslash) {
        this.#afterBackslash = false;
      } else if (byte === QUOTE) {
        break;
      } else if (byte === BACKSLASH) {
        token.escaped = true;
        this.#afterBackslash = true;
      }
      if (byte < 0x20) throw malformed(`a control character (${describeByte(byte)}) in a string`, this.#offset + at);
      wide |= byte;
    }
    if (wide > 0x7f) token.wide = true;
    return at;
  }

  #finishString(token: StringToken): void {
    if (this.#expect === 'member') {
      this.#next = (this.#open.at(-1) as Receiver).member(token.text(nameOfMember));
      this.#expect = 'colon';
      return;
    }
    this.#next.string(token);
    this.#valueEnded();
  }

  /** A number or a word. Its end shows only by what follows. */
  #atom(bytes: Uint8Array, from: number, end: number): number {
    const stop = atomEnd(bytes, from, end);
    if (this.#carry.length + stop - from > MAX_NUMBER_BYTES) throw numberTooLong(this.#tokenOffset);
    if (stop < end && this.#carry.length === 0) {
      this.#finishAtom(bytes, from, stop);
      return stop;
    }
    this.#carry.append(bytes, from, stop);
    this.#unfinished = 'atom';
    if (stop < end) this.#finishCarriedAtom();
    return stop;
  }

  #finishCarriedAtom(): void {
    const carried = this.#carry.take();
    this.#unfinished = 'none';
    this.#finishAtom(carried, 0, carried.length);
  }

  #finishAtom(bytes: Uint8Array, from: number, to: number): void {
    const text = asciiText(bytes, from, to);
    if (text === 'true' || text === 'false') this.#next.boolean(text === 'true');
    else if (text === 'null') this.#next.null();
    else if (NUMBER.test(text)) this.#next.number(text);
    else throw malformed(`'${text.slice(0, 40)}', which is no JSON value`, this.#tokenOffset);
    this.#valueEnded();
  }

  #unexpected(expected: string, byte: number, at: number): Error {
    return malformed(`expected ${expected}, found ${describeByte(byte)}`, this.#offset + at);
  }
}
