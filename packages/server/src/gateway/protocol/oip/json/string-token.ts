import { isUtf8 } from 'node:buffer';
import { JitneyError } from '@jitney/core';
import { BACKSLASH } from './bytes.js';
import { NOTHING } from './carry.js';
import { asBuffer, asciiText } from './text.js';

const SIMPLE_ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, meaning]) => [letter.charCodeAt(0), meaning.charCodeAt(0)] as const,
  ),
);
const LETTER_U = 0x75;

/**
 * A string as it stands between its quotes: `bytes` from `start` to `end`. Valid only during the call it is passed to.
 *
 * Strings must be UTF-8, and an escaped surrogate must be half of a pair: neither can be carried on as text, so both
 * are refused, where JSON.parse would put U+FFFD in their place or let them pass.
 */
export class StringToken {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** Whether a backslash is among the bytes. */
  escaped = false;
  /** Whether a byte above 0x7f is among them. */
  wide = false;

  /** Most bytes of UTF-8 it can decode to. */
  get size(): number {
    return this.end - this.start;
  }

  /**
   * @param what - names the string in an error
   * @throws JitneyError `INVALID_ARGUMENT` for what is not text.
   */
  text(what: () => string): string {
    if (!this.escaped && !this.wide) return asciiText(this.bytes, this.start, this.end);
    return asBuffer(this.#utf8(what)).toString('utf8');
  }

  /**
   * Writes the string's UTF-8 into `target` from `at`, which must have room for `size` bytes. Answers its length.
   * @throws JitneyError `INVALID_ARGUMENT` for what is not text.
   */
  writeUtf8(target: Uint8Array, at: number, what: () => string): number {
    const utf8 = this.#utf8(what);
    target.set(utf8, at);
    return utf8.length;
  }

  #utf8(what: () => string): Uint8Array {
    const raw = this.bytes.subarray(this.start, this.end);
    if (this.wide && !isUtf8(raw)) {
      throw new JitneyError('INVALID_ARGUMENT', `${what()} is not valid UTF-8. Send such bytes as binary tensor data.`);
    }
    return this.escaped ? resolveEscapes(raw, what) : raw;
  }
}

/** The text with its escapes resolved, which never takes more bytes than with them. */
function resolveEscapes(raw: Uint8Array, what: () => string): Uint8Array {
  const out = new Uint8Array(raw.length);
  let length = 0;
  let from = 0;
  for (let at = raw.indexOf(BACKSLASH); at !== -1; at = raw.indexOf(BACKSLASH, from)) {
    out.set(raw.subarray(from, at), length);
    length += at - from;
    const simple = SIMPLE_ESCAPES.get(raw[at + 1] as number);
    const codePoint = simple ?? unicodeEscape(raw, at, what);
    length = writeCodePoint(out, length, codePoint);
    from = at + (simple !== undefined ? 2 : codePoint > 0xffff ? 12 : 6);
  }
  out.set(raw.subarray(from), length);
  return out.subarray(0, length + raw.length - from);
}

/** The code point of the `\u` escape at `at`, joined with the one after it where they are a surrogate pair. */
function unicodeEscape(raw: Uint8Array, at: number, what: () => string): number {
  const first = codeUnit(raw, at, what);
  if (first < 0xd800 || first > 0xdfff) return first;
  const paired = first < 0xdc00 && raw[at + 6] === BACKSLASH && raw[at + 7] === LETTER_U;
  const second = paired ? codeUnit(raw, at + 6, what) : 0;
  if (second < 0xdc00 || second > 0xdfff) {
    throw new JitneyError('INVALID_ARGUMENT', `${what()} holds half a surrogate pair, \\u${first.toString(16)}`);
  }
  return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

function codeUnit(raw: Uint8Array, at: number, what: () => string): number {
  const digits = asciiText(raw, at + 2, at + 6);
  if (raw[at + 1] !== LETTER_U || !/^[0-9a-fA-F]{4}$/.test(digits)) {
    throw new JitneyError('INVALID_ARGUMENT', `${what()} holds an escape that JSON does not know`);
  }
  return Number.parseInt(digits, 16);
}

function writeCodePoint(out: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    out[at] = codePoint;
    return at + 1;
  }
  const more = codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3;
  // The first byte starts with as many ones as the sequence has bytes (RFC 3629 §3).
  out[at] = ((0xf80 >> more) & 0xff) | (codePoint >> (6 * more));
  for (let i = 1; i <= more; i++) out[at + i] = 0x80 | ((codePoint >> (6 * (more - i))) & 0x3f);
  return at + 1 + more;
}
