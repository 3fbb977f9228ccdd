import { crc32, deflateSync } from 'node:zlib';
import type { GreyPicture } from './centre.ts';

/** A PNG of 8 bits a pixel, without a filter. Source: W3C, PNG specification (third edition), clauses 5 and 11. */
export function greyPng({ width, height, data }: GreyPicture): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(8, 8); // bits a pixel; the colour type and the three methods behind it are 0
  const rows = Buffer.alloc(height * (width + 1)); // each row begins with its filter type: 0, none
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND')]);
}

function chunk(type: string, content: Uint8Array = new Uint8Array()): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.byteLength);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
