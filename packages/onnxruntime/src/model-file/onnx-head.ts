/** Wire types of `ModelProto`'s fields in onnx/onnx.proto: 0 a number, 2 bytes. */
const MODEL_FIELDS: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [2, 2],
  [3, 2],
  [4, 2],
  [5, 0],
  [6, 2],
  [7, 2],
  [8, 2],
  [14, 2],
  [20, 2],
  [25, 2],
  [26, 2],
]);
const PRODUCER_NAME = 2;

/**
 * - `onnx`: every field seen belongs to an ONNX model and ends within the file.
 * - `truncated`: so far an ONNX model, with a field that reaches beyond the end of the file.
 * - `other-protobuf`: numbered fields like ONNX's, with a content that is not.
 * - `none`: no such fields.
 */
export type OnnxHead = 'onnx' | 'truncated' | 'other-protobuf' | 'none';

/** Judges the first bytes of a file that is `fileBytes` long, field by field, as far as they reach. */
export function judgeOnnxHead(head: Uint8Array, fileBytes: number): OnnxHead {
  let position = 0;
  while (position < head.length) {
    const tag = readNumber(head, position);
    if (tag === null) return cutNumber(head, fileBytes);
    const field = Math.floor(tag.value / 8);
    if (MODEL_FIELDS.get(field) !== tag.value % 8) return position === 0 ? 'none' : 'other-protobuf';
    const value = readNumber(head, tag.end);
    if (value === null) return cutNumber(head, fileBytes);
    position = value.end;
    if (tag.value % 8 === 0) continue;
    if (field === PRODUCER_NAME && !isName(head.subarray(position, position + value.value))) return 'other-protobuf';
    position += value.value;
    if (position > fileBytes) return 'truncated';
  }
  return 'onnx';
}

/** A number that the head does not finish: a cut file, or one whose rest was not looked at. */
function cutNumber(head: Uint8Array, fileBytes: number): OnnxHead {
  return head.length < fileBytes ? 'onnx' : 'truncated';
}

/** The varint at `position`; `null` where the bytes end before it does. */
function readNumber(bytes: Uint8Array, position: number): { value: number; end: number } | null {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[position + i];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: position + i + 1 };
  }
  return null;
}

/** Whether the bytes could be a producer's name: short, without control characters. */
function isName(bytes: Uint8Array): boolean {
  return bytes.length <= 256 && bytes.every((byte) => byte >= 0x20);
}
