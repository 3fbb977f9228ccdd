import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileFormat } from './file-format.js';
import { sniffFormat } from './sniff.js';
import { graph, onnxFile } from './testing/onnx-file.js';

const text = (content: string) => Buffer.from(content);
const zip = (entry: string) => Buffer.concat([text('PK\x03\x04'), new Uint8Array(26), text(entry), new Uint8Array(99)]);

const LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 90405214\n';
const SAFETENSORS_HEADER = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';

const FILES: readonly [format: FileFormat, bytes: Uint8Array, fix: RegExp][] = [
  ['onnx', onnxFile(), /^$/],
  ['empty', new Uint8Array(0), /download it again/],
  ['git-lfs-pointer', text(LFS), /git lfs pull/],
  ['html', text('<!DOCTYPE html><html><body>404</body></html>'), /download/],
  ['html', text('\n<html lang="en">'), /download/],
  ['text', text('this is not a model\n'.repeat(500)), /convert|serve/],
  ['text', text('dès Noël où un zéphyr haï'.repeat(400)), /convert|serve/],
  ['json', text('{"architectures": ["BertModel"]}'), /\.onnx/],
  ['xml', text('<?xml version="1.0"?><net name="m"/>'), /convert/],
  ['pickle', Uint8Array.of(0x80, 4, 0x95, ...new Uint8Array(60)), /torch\.onnx\.export/],
  ['pytorch-archive', zip('archive/data.pkl'), /torch\.onnx\.export/],
  ['zip', zip('model.onnx'), /unpack/],
  ['tflite', Buffer.concat([Uint8Array.of(28, 0, 0, 0), text('TFL3'), new Uint8Array(60)]), /tf2onnx/],
  ['ort', Buffer.concat([Uint8Array.of(28, 0, 0, 0), text('ORTM'), new Uint8Array(60)]), /\.onnx/],
  [
    'safetensors',
    Buffer.concat([
      Uint8Array.of(SAFETENSORS_HEADER.length, 0, 0, 0, 0, 0, 0, 0),
      text(SAFETENSORS_HEADER),
      new Uint8Array(4),
    ]),
    /export/,
  ],
  ['gguf', Buffer.concat([text('GGUF'), Uint8Array.of(3, 0, 0, 0), new Uint8Array(16)]), /\.gguf/],
  ['hdf5', Buffer.concat([Uint8Array.of(0x89), text('HDF\r\n\x1a\n'), new Uint8Array(60)]), /tf2onnx/],
  ['numpy', Buffer.concat([Uint8Array.of(0x93), text('NUMPY'), new Uint8Array(60)]), /convert/],
  ['compressed', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), /decompress/],
  ['lightgbm', text('tree\nversion=v4\nnum_class=1\n'), /convert_lightgbm/],
  ['xgboost', text('{"learner":{"attributes":{}}}'), /convert_xgboost/],
  // A TensorFlow SavedModel: schema version 1, then a message where ONNX has a name.
  ['protobuf', Uint8Array.of(8, 1, 0x12, 6, 0x0a, 4, 0x0a, 2, 0x12, 0), /tf2onnx/],
  ['noise', Uint8Array.of(0xff, 0xe4, 0x22, 0x79, 0xf3, 0xbd, 0x06, 0x83), /download it again/],
];

describe('a file that may not be an ONNX model', () => {
  it.each(FILES)('is named %s, with the way to an ONNX model', async (format, bytes, fix) => {
    const sniffed = await sniffFormat(bytes);
    expect(sniffed.format).toBe(format);
    expect(sniffed.fix).toMatch(fix);
  });

  it('is named alike from its path', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'jitney-sniff-'));
    try {
      for (const [i, [format, bytes]] of FILES.entries()) {
        const path = join(folder, `${i}.onnx`);
        await writeFile(path, bytes);
        expect((await sniffFormat(path)).format).toBe(format);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('an ONNX model', () => {
  it('that is cut short is told from a whole one', async () => {
    const whole = onnxFile({ irVersion: 8, opsets: [] });
    expect((await sniffFormat(whole)).format).toBe('onnx');
    expect((await sniffFormat(whole.subarray(0, whole.length - 1))).format).toBe('onnx-truncated');
    expect((await sniffFormat(Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f, 8, 8))).format).toBe('onnx-truncated');
  });

  it('is known by any order of its fields', async () => {
    const graphFirst = onnxFile({ irVersion: null, graph: graph({}) });
    expect((await sniffFormat(graphFirst)).format).toBe('onnx');
  });
});

describe('any bytes at all', () => {
  it('have a format, and those that are not ONNX a fix', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const { format, what, fix } = await sniffFormat(bytes);
        expect(what).not.toBe('');
        expect(fix === '').toBe(format === 'onnx');
      }),
      { numRuns: 1000 },
    );
  });
});
