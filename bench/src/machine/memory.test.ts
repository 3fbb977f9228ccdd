import { describe, expect, it } from 'vitest';
import { parseSmapsRollup, readMemory } from './memory.js';

const ROLLUP = `55a838e58000-7ffce44b7000 ---p 00000000 00:00 0                          [rollup]
Rss:                1672 kB
Pss:                 316 kB
Shared_Clean:       1504 kB
Private_Clean:        56 kB
Private_Dirty:       112 kB
SwapPss:               0 kB
`;

describe('smaps_rollup', () => {
  it('tells what is private, clean or dirty, and what is resident', () => {
    expect(parseSmapsRollup(ROLLUP)).toEqual({ privateBytes: 168 * 1024, residentBytes: 1672 * 1024 });
  });

  it('is refused where a line is missing', () => {
    expect(() => parseSmapsRollup(ROLLUP.replace('Private_Dirty', 'Dirty'))).toThrow('no Private_Dirty');
  });

  it.runIf(process.platform === 'linux')('tells of this process no more private than resident', () => {
    const { privateBytes, residentBytes } = readMemory(process.pid);
    expect(privateBytes).toBeGreaterThan(1024 * 1024);
    expect(residentBytes).toBeGreaterThanOrEqual(privateBytes);
  });
});
