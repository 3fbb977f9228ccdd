import { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ByteSource,
  MAX_DEPTH,
  MAX_TEXT_BYTES,
  type MessageReader,
  scanMessage,
  WINDOW_BYTES,
} from './protobuf.js';
import { type FieldValue, message, varint } from './testing/onnx-file.js';

const fail = (problem: string): never => {
  throw new JitneyError('INVALID_MODEL', problem);
};

function sourceOf(bytes: Uint8Array): ByteSource & { readonly bytesRead: () => number } {
  let read = 0;
  return {
    size: bytes.length,
    bytesRead: () => read,
    async read(position, into) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      read += part.length;
      return part.length;
    },
  };
}

/** Field 1 is a number, 2 text, 3 a message of the same kind, 4 packed numbers; the rest is skipped. */
function collector(met: unknown[]): MessageReader {
  return {
    name: 'a test message',
    integer: (field, value) => void met.push([field, value]),
    text: (field, value) => void met.push([field, value]),
    delimited(field) {
      if (field === 2) return 'text';
      if (field === 4) return 'integers';
      if (field !== 3) return 'skip';
      const inner: unknown[] = [];
      met.push([field, inner]);
      return collector(inner);
    },
  };
}

async function scan(bytes: Uint8Array): Promise<unknown[]> {
  const met: unknown[] = [];
  await scanMessage(sourceOf(bytes), collector(met), { fail });
  return met;
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('a well-formed message', () => {
  it('gives its numbers, texts and inner messages in order, and skips the rest', async () => {
    const field = fc.oneof(
      int64.map((value) => ({ written: [1, value] as const, met: [[1, value]] as unknown[] })),
      fc.string({ unit: 'grapheme' }).map((value) => ({ written: [2, value] as const, met: [[2, value]] })),
      fc.array(int64).map((values) => ({
        written: [4, Buffer.concat(values.map((value) => varint(BigInt.asUintN(64, value))))] as const,
        met: values.map((value) => [4, value]),
      })),
      fc.uint8Array({ maxLength: 9000 }).map((value) => ({ written: [9, value] as const, met: [] as unknown[] })),
    );
    const level = fc.array(field, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(level, level, async (outer, inner) => {
        const innerBytes = message(inner.map(({ written }) => written as readonly [number, FieldValue]));
        const bytes = message([
          ...outer.map(({ written }) => written as readonly [number, FieldValue]),
          [3, innerBytes],
          [1, 7],
        ]);
        const expected = [...outer.flatMap(({ met }) => met), [3, inner.flatMap(({ met }) => met)], [1, 7n]];
        expect(await scan(bytes)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('is read through one window, and what is skipped is not read', async () => {
    const skipped = new Uint8Array(50 * WINDOW_BYTES);
    const source = sourceOf(
      message([
        [1, 1],
        [9, skipped],
        [1, 2],
        [9, skipped],
        [1, 3],
      ]),
    );
    const met: unknown[] = [];
    await scanMessage(source, collector(met), { fail });
    expect(met).toEqual([
      [1, 1n],
      [1, 2n],
      [1, 3n],
    ]);
    expect(source.bytesRead()).toBeLessThanOrEqual(3 * WINDOW_BYTES);
  });

  it('is read across the edges of the window', async () => {
    const texts = Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(1000 + i)}`);
    expect(await scan(message(texts.map((text) => [2, text])))).toEqual(texts.map((text) => [2, text]));
  });

  it('may hold texts above the limit, which are cut', async () => {
    const met = await scan(
      message([
        [2, 'y'.repeat(WINDOW_BYTES * 2)],
        [1, 5],
      ]),
    );
    expect(met).toEqual([
      [2, 'y'.repeat(MAX_TEXT_BYTES)],
      [1, 5n],
    ]);
  });
});

describe('hostile bytes', () => {
  it.each([
    ['a length beyond the end', Uint8Array.of(0x4a, 0x7f, 1, 2), /cut short or damaged: field 9 .* claims 127 bytes/],
    ['a length near 2^64', Uint8Array.of(0x4a, ...varint(2n ** 64n - 1n)), /cut short or damaged/],
    [
      'a length beyond the message around it',
      message([
        [3, Uint8Array.of(0x4a, 5)],
        [9, new Uint8Array(9)],
      ]),
      /cut short/,
    ],
    ['a number without an end', Uint8Array.of(0x08, 0xff, 0xff), /a number has no end/],
    ['a number of 11 bytes', Uint8Array.of(0x08, ...new Array(10).fill(0xff), 1), /longer than 10 bytes/],
    ['the field number 0', Uint8Array.of(0x02, 0), /0 is not a field number/],
    ['a wire type that does not exist', Uint8Array.of(0x0f, 0), /wire type 7/],
    ['a fixed number that is cut', Uint8Array.of(0x0d, 0, 0), /claims 4 bytes/],
    [
      'more packed numbers than a shape can have',
      message([[4, new Uint8Array(MAX_TEXT_BYTES + 1)]]),
      /bytes of numbers/,
    ],
  ])('%s is refused with its position', async (_what, bytes, problem) => {
    await expect(scan(bytes)).rejects.toThrow(problem);
    await expect(scan(bytes)).rejects.toThrow(/byte \d/);
  });

  it('nested deeper than protobuf allows is refused, however deep', async () => {
    const nest = (depth: number) => {
      let bytes: Uint8Array = message([[1, 1]]);
      for (let i = 1; i < depth; i++) bytes = message([[3, bytes]]);
      return bytes;
    };
    await expect(scan(nest(MAX_DEPTH))).resolves.toBeDefined();
    await expect(scan(nest(MAX_DEPTH + 1))).rejects.toThrow('more than 100 levels');
    await expect(scan(nest(20_000))).rejects.toThrow('more than 100 levels');
  });

  it('of any kind end in a message or one error, never in anything else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const ended = await scan(bytes).catch((thrown: unknown) => thrown);
        expect(Array.isArray(ended) || (ended as JitneyError).code === 'INVALID_MODEL').toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a source that changes or a caller that leaves', () => {
  it('that became shorter is refused', async () => {
    const source: ByteSource = { size: 100, read: async () => 0 };
    await expect(scanMessage(source, collector([]), { fail })).rejects.toThrow('became shorter');
  });

  it('that answers a few bytes at a time is read all the same', async () => {
    const whole = sourceOf(
      message([
        [2, 'abc'],
        [1, 300],
      ]),
    );
    const slow: ByteSource = { size: whole.size, read: (position, into) => whole.read(position, into.subarray(0, 1)) };
    const met: unknown[] = [];
    await scanMessage(slow, collector(met), { fail });
    expect(met).toEqual([
      [2, 'abc'],
      [1, 300n],
    ]);
  });

  it('that was aborted ends with CANCELLED', async () => {
    const scanning = scanMessage(sourceOf(message([[1, 1]])), collector([]), { fail, signal: AbortSignal.abort() });
    await expect(scanning).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
