import { BACKSLASH } from './bytes.js';

const SIMPLE_ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, meaning]) => [letter.charCodeAt(0), meaning.charCodeAt(0)] as const,
  ),
);
const LETTER_U = 0x75;

/** Bytes of an escape of one code unit, and of one with a surrogate pair. */
const SHORT_UNIT = 6;
const LONG_UNIT = 12;

/** Text with its escapes resolved. */
export interface Unescaped {
  readonly utf8: Uint8Array;
  /** Bytes that were read: less than all where an escape is cut off at the end and more may come. */
  readonly read: number;
  /** What is wrong with an escape, at which the reading ended; `null` when nothing is. */
  readonly problem: string | null;
}

/** An escape: the code point it stands for and its length, what is wrong with it, or that it is cut off. */
type Escape =
  | { readonly state: 'whole'; readonly codePoint: number; readonly length: number }
  | { readonly state: 'wrong'; readonly problem: string }
  | { readonly state: 'cut' };

/**
 * Resolves the escapes of a JSON string, which never takes more bytes than with them. Half of a surrogate pair is
 * wrong: UTF-8 has no bytes for it.
 *
 * @param isLast - whether no more bytes come, so that what is cut off is wrong
 */
export function resolveEscapes(raw: Uint8Array, isLast: boolean): Unescaped {
  const out = new Uint8Array(raw.length);
  let length = 0;
  let from = 0;
  for (let at = raw.indexOf(BACKSLASH); at !== -1; at = raw.indexOf(BACKSLASH, from)) {
    out.set(raw.subarray(from, at), length);
    length += at - from;
    const found = escapeAt(raw, at, isLast);
    if (found.state !== 'whole') {
      const problem = found.state === 'wrong' ? found.problem : null;
      return { utf8: out.subarray(0, length), read: at, problem };
    }
    length = writeCodePoint(out, length, found.codePoint);
    from = at + found.length;
  }
  out.set(raw.subarray(from), length);
  return { utf8: out.subarray(0, length + raw.length - from), read: raw.length, problem: null };
}

function escapeAt(raw: Uint8Array, at: number, isLast: boolean): Escape {
  const simple = SIMPLE_ESCAPES.get(raw[at + 1] as number);
  if (simple !== undefined) return { state: 'whole', codePoint: simple, length: 2 };
  if (!isLast && raw.length - at < SHORT_UNIT) return { state: 'cut' };
  const first = codeUnit(raw, at);
  if (first === null) return { state: 'wrong', problem: 'an escape that JSON does not know' };
  if (first < 0xd800 || first > 0xdfff) return { state: 'whole', codePoint: first, length: SHORT_UNIT };
  if (!isLast && raw.length - at < LONG_UNIT) return { state: 'cut' };
  const second = raw[at + SHORT_UNIT] === BACKSLASH ? codeUnit(raw, at + SHORT_UNIT) : null;
  if (first > 0xdbff || second === null || second < 0xdc00 || second > 0xdfff) {
    return { state: 'wrong', problem: `half a surrogate pair, \\u${first.toString(16)}` };
  }
  const codePoint = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  return { state: 'whole', codePoint, length: LONG_UNIT };
}

/** By byte, the value of a hexadecimal digit; 16 for all others. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 16 : value;
});

/** The code unit of the backslash-u escape at `at`, `null` where there is none. */
function codeUnit(raw: Uint8Array, at: number): number | null {
  if (raw[at + 1] !== LETTER_U || raw.length - at < SHORT_UNIT) return null;
  let unit = 0;
  for (let i = at + 2; i < at + SHORT_UNIT; i++) {
    const digit = HEX[raw[i] as number] as number;
    if (digit === 16) return null;
    unit = unit * 16 + digit;
  }
  return unit;
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
