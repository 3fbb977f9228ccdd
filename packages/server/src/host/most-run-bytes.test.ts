import { describe, expect, it } from 'vitest';
import { mostRunBytes } from './most-run-bytes.js';

const MIB = 2 ** 20;

describe('what the inputs of a run may take', () => {
  it.each([
    ['a sixteenth of what is free', 512, 32],
    ['64 MiB at most', 64_000, 64],
    ['16 MiB at least, though memory was short at load', 1, 16],
  ])('is %s', (_, freeMib, mostMib) => {
    expect(mostRunBytes(freeMib * MIB)).toBe(mostMib * MIB);
  });
});
