/** Encoded bytes of a field or message. */
export type Bytes = Uint8Array;

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

export function join(parts: readonly Bytes[]): Bytes {
  return Buffer.concat(parts);
}

export function integer(field: number, value: number | bigint): Bytes {
  return join([tag(field, VARINT), varint(value)]);
}

export function text(field: number, value: string): Bytes {
  return delimited(field, Buffer.from(value, 'utf8'));
}

export function message(field: number, parts: readonly Bytes[]): Bytes {
  return delimited(field, join(parts));
}

/** Packed, as proto3 does. */
export function integers(field: number, values: readonly (number | bigint)[]): Bytes {
  return message(field, values.map(varint));
}

export function float(field: number, value: number): Bytes {
  return join([tag(field, FIXED32), float32(value)]);
}

export function floats(field: number, values: readonly number[]): Bytes {
  return message(field, values.map(float32));
}

function delimited(field: number, bytes: Bytes): Bytes {
  return join([tag(field, LENGTH_DELIMITED), varint(bytes.byteLength), bytes]);
}

function tag(field: number, wireType: number): Bytes {
  return varint(field * 8 + wireType);
}

function float32(value: number): Bytes {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

/** Negative numbers take ten bytes, as int64 does. */
function varint(value: number | bigint): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
