/** The bytes JSON's grammar is made of. */
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

/** 1 for the bytes numbers and words (`true`, `NaN`) are made of: letters, digits, `+`, `-`, `.`. */
export const IN_ATOM: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9A-Za-z+.-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

export function isWhitespace(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;
}

/** Where the atom that `from` is in ends: the first byte at or after it that belongs to none, at most `end`. */
export function atomEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && IN_ATOM[bytes[at] as number] === 1) at++;
  return at;
}
