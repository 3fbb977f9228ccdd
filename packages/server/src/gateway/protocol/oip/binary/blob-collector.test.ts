import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LargeBuffers } from '../../../../wire/large-buffers.js';
import { BlobCollector } from './blob-collector.js';

const memory = new LargeBuffers();

function numbered(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

/** Writes `bytes` in pieces of `size`, each in memory of its own. */
function fill(blob: BlobCollector, bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) blob.write(bytes.slice(at, at + size), 0);
}

describe('bytes that arrive in pieces', () => {
  it('are put together, aligned', () => {
    const lengths = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(lengths, lengths, fc.constantFrom(1, 2, 4, 8), (length, size, alignment) => {
        const blob = new BlobCollector(length, alignment, memory);
        fill(blob, numbered(length), size);
        const bytes = blob.finish();
        expect(blob.missing).toBe(0);
        expect(bytes.byteOffset % alignment).toBe(0);
        expect(Buffer.compare(bytes, numbered(length))).toBe(0);
      }),
    );
  });

  it('are put together where there are many', () => {
    const length = 5 * 2 ** 20 + 3;
    const blob = new BlobCollector(length, 8, memory);
    fill(blob, numbered(length), 60_000);
    expect(Buffer.compare(blob.finish(), numbered(length))).toBe(0);
  });

  it('are taken only as far as they are missing', () => {
    const blob = new BlobCollector(3, 1, memory);
    expect(blob.write(numbered(10), 2)).toBe(5);
    expect(blob.write(numbered(10), 7)).toBe(7);
    expect(Array.from(blob.finish())).toEqual([2, 3, 4]);
  });

  it('may be none', () => {
    expect(new BlobCollector(0, 8, memory).finish()).toHaveLength(0);
  });
});

describe('bytes of one chunk', () => {
  it('are a view of it where they are aligned', () => {
    const chunk = numbered(64);
    const blob = new BlobCollector(16, 8, memory);
    blob.write(chunk, 8);
    expect(blob.finish().buffer).toBe(chunk.buffer);
  });

  it('are copied where they are not', () => {
    const chunk = numbered(64);
    const blob = new BlobCollector(16, 8, memory);
    blob.write(chunk, 9);
    expect(blob.finish().buffer).not.toBe(chunk.buffer);
    expect(Array.from(blob.finish())).toEqual(Array.from({ length: 16 }, (_, i) => i + 9));
  });
});

describe('a claim of many bytes', () => {
  it('takes no memory before an eighth of them has come', () => {
    const before = process.memoryUsage().arrayBuffers;
    const blobs = Array.from({ length: 64 }, () => new BlobCollector(2 ** 30, 4, memory));
    for (const blob of blobs) blob.write(numbered(1000), 0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 25);
    expect(blobs[63]?.missing).toBe(2 ** 30 - 1000);
  });
});
