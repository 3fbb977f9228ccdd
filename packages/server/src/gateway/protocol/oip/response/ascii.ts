const ZERO = 0x30;
const MINUS = 0x2d;
const BILLION = 1e9;

/** Writes ASCII text at `at`; answers where it ends. */
export function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Decimal digits of an integer from 0 to 999 999 999. */
export function countDigits(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  return value < 100_000_000 ? (value < 10_000_000 ? 7 : 8) : 9;
}

/** The two digits of every number below a hundred, one after the other. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10));

/** Writes the last `count` digits of an integer from 0 to 2^31 - 1, with zeros in front; answers where they end. */
export function writeDigits(bytes: Uint8Array, at: number, value: number, count: number): number {
  let rest = value | 0;
  let i = at + count - 2;
  for (; i >= at; i -= 2) {
    const hundreds = (rest / 100) | 0;
    const pair = (rest - hundreds * 100) << 1;
    bytes[i] = PAIRS[pair] as number;
    bytes[i + 1] = PAIRS[pair + 1] as number;
    rest = hundreds;
  }
  if (i === at - 1) bytes[at] = ZERO + (rest % 10);
  return at + count;
}

/** Writes an integer that a double holds exactly, at most 17 bytes; answers where it ends. */
export function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    bytes[at] = MINUS;
    return writeInteger(bytes, at + 1, -value);
  }
  if (value < BILLION) return writeDigits(bytes, at, value, countDigits(value));
  const billions = Math.floor(value / BILLION);
  return writeDigits(bytes, writeInteger(bytes, at, billions), value - billions * BILLION, 9);
}
