import { open } from 'node:fs/promises';
import type { SniffedFormat } from './file-format.js';
import { matchMagic } from './magic.js';
import { judgeOnnxHead } from './onnx-head.js';

/** Bytes that are looked at. */
export const SNIFF_BYTES = 4096;

/**
 * Names the format of a file, given as its path or as its bytes. What it answers is a strong hint, not a proof: only
 * loading proves a model.
 * @throws a Node system error when the path cannot be read.
 */
export async function sniffFormat(source: string | Uint8Array): Promise<SniffedFormat> {
  if (typeof source !== 'string') return sniffHead(source.subarray(0, SNIFF_BYTES), source.byteLength);
  const file = await open(source, 'r');
  try {
    const head = new Uint8Array(SNIFF_BYTES);
    const { bytesRead } = await file.read(head, 0, SNIFF_BYTES, 0);
    return sniffHead(head.subarray(0, bytesRead), (await file.stat()).size);
  } finally {
    await file.close();
  }
}

/** As {@link sniffFormat}, from the first bytes of a file that is `fileBytes` long. */
export function sniffHead(head: Uint8Array, fileBytes: number): SniffedFormat {
  return matchMagic(head, fileBytes) ?? sniffProtobuf(head, fileBytes);
}

const DOWNLOAD_AGAIN = 'copy or download it again, and compare its size or SHA-256 with the source';

function sniffProtobuf(head: Uint8Array, fileBytes: number): SniffedFormat {
  switch (judgeOnnxHead(head, fileBytes)) {
    case 'onnx':
      return { format: 'onnx', what: 'an ONNX model', fix: '' };
    case 'truncated':
      return { format: 'onnx-truncated', what: 'an ONNX model cut short', fix: DOWNLOAD_AGAIN };
    case 'other-protobuf':
      return {
        format: 'protobuf',
        what: 'a protobuf of another kind (TensorFlow SavedModel and Core ML begin like this)',
        fix: 'convert it to ONNX, for TensorFlow with tf2onnx',
      };
    case 'none':
      return { format: 'noise', what: 'in no format that is known', fix: DOWNLOAD_AGAIN };
  }
}
