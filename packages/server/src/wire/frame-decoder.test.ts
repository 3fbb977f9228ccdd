import { isDeepStrictEqual } from 'node:util';
import { JitneyError, type Tensor, type TensorData } from '@jitney/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFrame, oneOfEachType } from '../../test/wire/arbitrary-frames.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { decodeFrame } from './frame-decoder.js';
import { encodeFrame } from './frame-encoder.js';
import type { Frame } from './frames.js';

function encode(frame: Frame): Buffer {
  const writer = ByteWriter.contiguous();
  encodeFrame(writer, frame);
  return Buffer.from(writer.written());
}

/** `bytes` at `shift` of a larger buffer, so that it lies as it may within a chunk. */
function decodeAt(bytes: Uint8Array, shift: number): Frame {
  const chunk = Buffer.allocUnsafeSlow(bytes.length + shift + 16).fill(0xa5);
  chunk.set(bytes, shift);
  const reader = new ByteReader(chunk);
  reader.within(shift, shift + bytes.length);
  return decodeFrame(reader);
}

/** As toEqual, at a speed that leaves time for large tensors. */
function expectSame(decoded: Frame, frame: Frame): void {
  expect(isDeepStrictEqual(decoded, frame)).toBe(true);
}

function pieceWith(tensor: Tensor): Buffer {
  return encode({ type: 'piece', id: 1, last: true, body: { kind: 'tensors', tensors: [tensor] } });
}

function tensorsOf(frame: Frame): readonly Tensor[] {
  return 'body' in frame && frame.body.kind === 'tensors' ? frame.body.tensors : [];
}

describe('a frame that was encoded', () => {
  it('is the same once decoded, whatever its type and content', () => {
    const roundTrip = fc.property(oneOfEachType, (frames) => {
      for (const frame of frames) expectSame(decodeAt(encode(frame), 0), frame);
    });
    fc.assert(roundTrip, { numRuns: 300 });
  });

  it('is the same when its large parts are kept as views', () => {
    const roundTrip = fc.property(anyFrame, (frame) => {
      const writer = ByteWriter.scattered();
      encodeFrame(writer, frame);
      const { length } = writer;
      const bytes = Buffer.concat(writer.finish());
      expect(bytes.length).toBe(length);
      expect(bytes.equals(encode(frame))).toBe(true);
    });
    fc.assert(roundTrip, { numRuns: 300 });
  });

  it('has its numbers where typed arrays can view them, wherever it lay', () => {
    const aligned = fc.property(anyFrame, fc.nat(15), (frame, shift) => {
      const decoded = decodeAt(encode(frame), shift);
      expectSame(decoded, frame);
      for (const { data, dtype } of tensorsOf(decoded)) {
        if (dtype !== 'BYTES') expect((data as Float32Array).byteOffset % 8).toBe(0);
      }
    });
    fc.assert(aligned, { numRuns: 200 });
  });

  it('shares the bytes it was decoded from when these lie aligned', () => {
    const data = Float32Array.of(1, 2, 3);
    const bytes = pieceWith({ name: 'x', dtype: 'FP32', shape: [3], data });
    const chunk = Buffer.allocUnsafeSlow(bytes.length);
    chunk.set(bytes);
    const [tensor] = tensorsOf(decodeFrame(new ByteReader(chunk)));
    expect((tensor as Tensor).data).toHaveProperty('buffer', chunk.buffer);
  });

  it('has the layout that layout.ts draws', () => {
    expect(encode({ type: 'cancel', id: 258 }).toString('hex')).toBe('05000000000000207040');
    expect(encode({ type: 'hello', version: 1, name: 'gw' }).toString('hex')).toBe('080000004a544e590100000002006777');
    const data = Int16Array.of(-1, 2);
    expect(pieceWith({ name: 'x', dtype: 'INT16', shape: [2], data }).toString('hex')).toBe(
      [
        '0601',
        '000000000000f03f',
        '00',
        '28000000',
        '0100',
        '010078',
        '06',
        '01',
        '0000000000000040',
        '04000000',
        '000000000000',
        'ffff0200',
      ].join(''),
    );
  });
});

describe('a frame that cannot be sent', () => {
  const valid: Tensor = { name: 'x', dtype: 'FP32', shape: [2], data: new Float32Array(2) };

  it.each<[string, Partial<Tensor>, string]>([
    ['more elements than its shape', { shape: [1] }, 'tensor "x": shape [1] has 1 elements, its data 2'],
    ['a negative size', { shape: [-2] }, 'tensor "x": shape [-2] has NaN elements, its data 2'],
    ['a broken size', { shape: [0.5, 4] }, 'tensor "x": shape [0.5,4] has NaN elements, its data 2'],
    ['an array of another width', { data: new Float64Array(2) }, 'tensor "x": its data is no array for FP32'],
    [
      'bytes for numbers',
      { data: [new Uint8Array(4), new Uint8Array(4)] },
      'tensor "x": its data is no array for FP32',
    ],
    ['numbers for bytes', { dtype: 'BYTES' }, 'tensor "x": its data is no array for BYTES'],
    ['an unknown dtype', { dtype: 'COMPLEX' as never }, 'tensor "x": unknown dtype COMPLEX'],
    ['too many dimensions', { shape: new Array(256).fill(1) }, 'tensor "x": rank 256 is above the limit of 255'],
    ['a name that is too long', { name: 'n'.repeat(65_536) }, 'a text of 65536 bytes is above the limit of 65535'],
  ])('with %s is refused by its tensor', (_, tensor, message) => {
    expect(() => pieceWith({ ...valid, ...tensor })).toThrow(new JitneyError('INTERNAL', `frame: ${message}`));
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('with the id %d is refused', (id) => {
    expect(() => encode({ type: 'cancel', id })).toThrow(`frame: expected a whole number, got ${id}`);
  });
});

describe('an error with a very long message', () => {
  it('is shortened rather than refused', () => {
    const frame = decodeAt(
      encode({ type: 'error', id: 1, error: { code: 'USER_CODE_ERROR', message: 'é'.repeat(1e6) } }),
      0,
    );
    expect(frame).toMatchObject({ type: 'error', error: { code: 'USER_CODE_ERROR', message: /^é{21844}…$/ } });
  });
});

describe('bytes that are no frame', () => {
  /** Decodes or fails as it must; what is decoded is never larger than what was there. */
  function decodeHostile(bytes: Uint8Array, shift: number): void {
    try {
      const frame = decodeAt(bytes, shift);
      for (const { data } of tensorsOf(frame)) expect(dataBytes(data)).toBeLessThanOrEqual(bytes.length);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(JitneyError);
      expect(thrown).toMatchObject({ code: 'INTERNAL', message: expect.stringMatching(/^frame: /) });
    }
  }

  it('are refused at random', () => {
    const hostile = fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(7), decodeHostile);
    fc.assert(hostile, { numRuns: 3000 });
  });

  it('are refused at random behind the type of a frame', () => {
    const typed = fc.property(fc.nat(10), fc.uint8Array({ maxLength: 300 }), (type, rest) => {
      decodeHostile(Uint8Array.of(type, ...rest), 0);
    });
    fc.assert(typed, { numRuns: 3000 });
  });

  it('are refused or harmless when bits of a frame are flipped', () => {
    const flipped = fc.property(anyFrame, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (frame, places) => {
      const bytes = encode(frame);
      for (const place of places) bytes[(place >> 3) % bytes.length]! ^= 1 << (place & 7);
      decodeHostile(bytes, 0);
    });
    fc.assert(flipped, { numRuns: 3000 });
  });

  it('are refused when a frame is cut off anywhere, or followed by more', () => {
    const cut = fc.property(anyFrame, fc.nat(), (frame, place) => {
      const bytes = encode(frame);
      if (frame.type === 'hello') return;
      expect(() => decodeAt(bytes.subarray(0, place % bytes.length), 0)).toThrow(JitneyError);
      expect(() => decodeAt(Buffer.concat([bytes, Buffer.of(0)]), 0)).toThrow(/bytes too many/);
    });
    fc.assert(cut, { numRuns: 1000 });
  });

  it.each<[string, string, RegExp]>([
    ['an unknown type', '6300', /unknown type 99/],
    ['more ids than bytes', '0400ffffffff', /4294967295 ids are more than fit in it/],
    ['a text longer than the rest', '03000000000000000000ffff41', /needs 65535 bytes at 12, has 1/],
    ['an unknown error code', '03000000000000000000010041', /unknown error code "A"/],
    ['an id that is no number', '0500000000000000f87f', /expected a whole number, got NaN/],
    ['a hello of something else', '080000000000000001000000', /does not speak the wire of Jitney/],
    [
      'an unknown kind of body',
      '06000000000000000000092000000000000000000000000000000000000000000000',
      /unknown kind of body 9/,
    ],
    ['data that starts outside', '0600000000000000000000f8ffffff0000', /its data cannot start at 4294967288/],
    ['more tensors than bytes', '060000000000000000000010000000ffff', /65535 tensors are more than fit in it/],
  ])('are refused: %s', (_, hex, message) => {
    expect(() => decodeAt(Buffer.from(hex, 'hex'), 0)).toThrow(message);
  });

  it('are refused when their element count overflows into another', () => {
    const data = new Float32Array(0);
    const bytes = pieceWith({ name: '', dtype: 'FP32', shape: [0, 1, 1, 1], data });
    // 2^32 in each dimension is 2^128 elements, a multiple of every power of two that wraps around.
    const dims = bytes.indexOf(Buffer.from('000000000000f03f'.repeat(3), 'hex')) - 8;
    for (let d = 0; d < 4; d++) bytes.writeDoubleLE(2 ** 32, dims + 8 * d);
    expect(() => decodeAt(bytes, 0)).toThrow(/elements of FP32 do not take 0 bytes/);
  });
});

function dataBytes(data: TensorData): number {
  return Array.isArray(data) ? data.reduce((sum, element) => sum + element.length, 0) : (data as Uint8Array).byteLength;
}
