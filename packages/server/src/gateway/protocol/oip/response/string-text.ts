import { isUtf8 } from 'node:buffer';
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

/** Writes UTF-8 as a JSON string. False, and nothing written, where the bytes are not UTF-8. */
export function writeJsonString(writer: ChunkWriter, utf8: Uint8Array): boolean {
  if (!isUtf8(utf8)) return false;
  writer.ascii('"');
  let from = 0;
  for (let at = 0; at < utf8.length; at++) {
    const byte = utf8[at] as number;
    if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) continue;
    writer.raw(utf8.subarray(from, at));
    writer.ascii(SHORT_ESCAPES.get(byte) ?? `\\u${byte.toString(16).padStart(4, '0')}`);
    from = at + 1;
  }
  writer.raw(utf8.subarray(from));
  writer.ascii('"');
  return true;
}
