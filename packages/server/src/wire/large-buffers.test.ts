import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LargeBuffers } from './large-buffers.js';

const MIB = 2 ** 20;

describe('memory that was given back', () => {
  it('is what the next of about that size takes', () => {
    const memory = new LargeBuffers();
    const first = memory.take(600_000);
    memory.give(first.buffer);
    expect(memory.keptBytes).toBeGreaterThanOrEqual(600_000);
    const second = memory.take(602_112);
    expect(second.buffer).toBe(first.buffer);
    expect(second.length).toBe(602_112);
    expect(memory.keptBytes).toBe(0);
  });

  it('is kept up to a bound, the rest is let go', () => {
    const memory = new LargeBuffers();
    const taken = Array.from({ length: 40 }, () => memory.take(MIB));
    for (const { buffer } of taken) memory.give(buffer);
    expect(memory.keptBytes).toBe(32 * MIB);
  });

  it('twice is kept once', () => {
    const memory = new LargeBuffers();
    const { buffer } = memory.take(MIB);
    memory.give(buffer);
    memory.give(buffer);
    expect(memory.keptBytes).toBe(MIB);
  });

  it('from elsewhere, or small, is left alone', () => {
    const memory = new LargeBuffers();
    memory.give(new ArrayBuffer(MIB));
    memory.give(memory.take(1000).buffer);
    expect(memory.keptBytes).toBe(0);
  });
});

describe('memory that is taken', () => {
  it('belongs to one taker at a time, is as long as asked for and not much longer', () => {
    const steps = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 3 * MIB }), gives: fc.boolean() }));
    fc.assert(
      fc.property(steps, (wanted) => {
        const memory = new LargeBuffers();
        const held = new Set<ArrayBufferLike>();
        for (const { bytes, gives } of wanted) {
          const taken = memory.take(bytes);
          expect(held.has(taken.buffer)).toBe(false);
          expect(taken.byteOffset).toBe(0);
          expect(taken.length).toBe(bytes);
          expect(taken.buffer.byteLength).toBeLessThanOrEqual(bytes * 1.25);
          expect(new Uint8Array(taken.buffer, bytes).every((byte) => byte === 0)).toBe(true);
          new Uint8Array(taken.buffer).fill(1);
          held.add(taken.buffer);
          if (!gives) continue;
          held.delete(taken.buffer);
          memory.give(taken.buffer);
        }
      }),
    );
  });
});

const fp32 = (buffer: ArrayBufferLike, offset: number, length: number) =>
  ({ name: 'x', dtype: 'FP32', shape: [length], data: new Float32Array(buffer, offset, length) }) as const;

describe('the memory of a frame', () => {
  it('is given back once, however many tensors lie in it', () => {
    const memory = new LargeBuffers();
    const { buffer } = memory.take(MIB);
    const texts = { name: 't', dtype: 'BYTES', shape: [1], data: [new Uint8Array(buffer, 8, 3)] } as const;
    memory.giveFrame([texts, fp32(buffer, 16, 2)]);
    expect(memory.keptBytes).toBe(MIB);
  });
});

describe('memory that requests share', () => {
  it('is back with the last share', () => {
    const memory = new LargeBuffers();
    const { buffer } = memory.take(MIB);
    const [first, second] = [fp32(buffer, 0, MIB / 16), fp32(buffer, MIB / 4, (3 * MIB) / 16)];
    expect(memory.hasLent([first])).toBe(true);
    memory.giveShares([first]);
    expect(memory.keptBytes).toBe(0);
    memory.giveShares([second]);
    expect(memory.keptBytes).toBe(MIB);
    expect(memory.hasLent([second])).toBe(false);
  });

  it('is not back sooner since a share is named twice', () => {
    const memory = new LargeBuffers();
    const { buffer } = memory.take(MIB);
    const half = () => fp32(buffer, 0, MIB / 8);
    memory.giveShares([half(), half()]);
    expect(memory.keptBytes).toBe(0);
  });

  it('may lie in memory from elsewhere', () => {
    const memory = new LargeBuffers();
    const texts = { name: 't', dtype: 'BYTES', shape: [1], data: [new Uint8Array(3)] } as const;
    const tensors = [texts, fp32(new ArrayBuffer(MIB), 0, 4)];
    expect(memory.hasLent(tensors)).toBe(false);
    memory.giveShares(tensors);
    expect(memory.keptBytes).toBe(0);
  });
});
