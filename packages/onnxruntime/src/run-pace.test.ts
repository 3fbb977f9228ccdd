import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunPace, sizeClass } from './run-pace.js';
import { bool, bytes, fp32, int64 } from './testing/tensors.js';

const SIZE = 3;

describe('a size that was not seen before', () => {
  it('is not made on the calling thread', () => {
    expect(new RunPace().isShort(SIZE)).toBe(false);
  });

  it('is tried there after a run that was quick, and not after a slow one', () => {
    const pace = new RunPace();
    pace.observeAsync(SIZE, 1.5);
    expect(pace.isShort(SIZE)).toBe(false);
    pace.observeAsync(SIZE, 0.5);
    expect(pace.isShort(SIZE)).toBe(true);
    expect(pace.isShort(SIZE + 1)).toBe(false);
  });
});

describe('a size that is short', () => {
  const short = () => {
    const pace = new RunPace();
    pace.observeAsync(SIZE, 0.05);
    pace.observeSync(SIZE, 0.01);
    return pace;
  };

  it('stays on the calling thread over a single outlier, as when the system takes the CPU away', () => {
    const pace = short();
    pace.observeSync(SIZE, 9);
    expect(pace.isShort(SIZE)).toBe(true);
  });

  it('leaves it at once after a run that held the loop for long', () => {
    const pace = short();
    pace.observeSync(SIZE, 50);
    expect(pace.isShort(SIZE)).toBe(false);
  });

  it('leaves it when runs become long, and comes back when they are short again', () => {
    const pace = short();
    for (let run = 0; run < 10 && pace.isShort(SIZE); run++) pace.observeSync(SIZE, 0.5);
    expect(pace.isShort(SIZE)).toBe(false);
    let waited = 0;
    while (!pace.isShort(SIZE)) {
      pace.observeAsync(SIZE, 0.05);
      waited++;
    }
    expect(waited).toBe(17);
    pace.observeSync(SIZE, 0.01);
    expect(pace.isShort(SIZE)).toBe(true);
  });
});

describe('a size that only looks short from another thread', () => {
  it('is tried less and less often', () => {
    const pace = new RunPace();
    const pauses: number[] = [];
    for (let trial = 0; trial < 4; trial++) {
      let runs = 0;
      while (!pace.isShort(SIZE)) {
        pace.observeAsync(SIZE, 0.5);
        runs++;
      }
      pauses.push(runs);
      pace.observeSync(SIZE, 0.4);
    }
    expect(pauses).toEqual([1, 17, 33, 65]);
  });
});

describe('sizes', () => {
  it('of about as many elements are the same', () => {
    const size = (elements: number) => sizeClass([fp32('x', [elements], ...new Array(elements).fill(0))]);
    expect(size(9)).toBe(size(12));
    expect(size(9)).not.toBe(size(90));
  });

  it('tell numbers that steer a loop or a shape from much larger ones', () => {
    const size = (k: number) => sizeClass([int64('k', [], k), fp32('x', [2], 1, 2)]);
    expect(size(10)).toBe(size(12));
    expect(size(10)).not.toBe(size(1e12));
    expect(sizeClass([bool('c', [], true)])).not.toBe(sizeClass([bool('c', [], false)]));
  });

  it('are finite whole numbers for every kind of value', () => {
    const inputs = [
      null,
      bytes('b', [2], 'a', ''),
      { name: 's', kind: 'sequence', items: [fp32('', [1], 1)] },
      { name: 'm', kind: 'map', keys: int64('', [1], 1), values: fp32('', [1], 1) },
      { name: 'n', kind: 'none' },
    ] as const;
    expect(Number.isSafeInteger(sizeClass(inputs))).toBe(true);
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 8 }), (values) =>
        Number.isSafeInteger(sizeClass([int64('k', [values.length], ...values)])),
      ),
    );
  });

  it('are forgotten rather than kept without end', () => {
    const pace = new RunPace();
    pace.observeAsync(0, 0.1);
    for (let size = 1; size < 10_000; size++) pace.observeAsync(size, 0.1);
    expect(pace.isShort(0)).toBe(false);
    expect(pace.isShort(9999)).toBe(true);
  });
});
