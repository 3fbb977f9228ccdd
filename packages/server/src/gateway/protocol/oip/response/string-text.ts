import type { ChunkWriter } from './chunk-writer.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Letters of the escapes JSON has for control characters (RFC 8259 §7). */
const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [QUOTE, '\\"'],
  [BACKSLASH, '\\\\'],
]);

/** Writes `utf8[from]` to `utf8[to - 1]` as they stand inside of a JSON string. */
export function writeEscaped(writer: ChunkWriter, utf8: Uint8Array, from: number, to: number): void {
  let written = from;
  for (let at = from; at < to; at++) {
    const byte = utf8[at] as number;
    if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) continue;
    writer.raw(utf8.subarray(written, at));
    writer.ascii(SHORT_ESCAPES.get(byte) ?? `\\u${byte.toString(16).padStart(4, '0')}`);
    written = at + 1;
  }
  writer.raw(utf8.subarray(written, to));
}
