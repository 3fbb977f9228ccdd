import { describe, expect, it } from 'vitest';
import { needsInt8Precision } from './cpu.js';

const flags =
  (...names: string[]) =>
  () =>
    `processor\t: 0\nflags\t\t: fpu sse2 ${names.join(' ')} sha_ni\n`;

describe('exact products of 8-bit numbers', () => {
  it('need the slower kernels on x64 with AVX alone', () => {
    expect(needsInt8Precision('x64', flags('avx2'))).toBe(true);
    expect(needsInt8Precision('x64', flags('avx2', 'avx512f', 'avx512bw'))).toBe(true);
  });

  it('need nothing where the CPU has VNNI or AMX', () => {
    for (const flag of ['avx_vnni', 'avx512_vnni', 'amx_int8']) {
      expect(needsInt8Precision('x64', flags('avx2', flag))).toBe(false);
    }
  });

  it('need nothing on arm64', () => {
    expect(needsInt8Precision('arm64', flags())).toBe(false);
  });

  it('are made sure of where the CPU cannot be asked', () => {
    const unreadable = () => {
      throw new Error('no /proc here');
    };
    expect(needsInt8Precision('x64', unreadable)).toBe(true);
  });
});
