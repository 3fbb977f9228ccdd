import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centreDigit, type GreyPicture } from './centre.ts';

const SIDE = 28;

/** A picture of one shade with a rectangle of another in it. */
function rectangle(
  size: { readonly width: number; readonly height: number },
  at: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  shades: { readonly paper: number; readonly ink: number } = { paper: 0, ink: 255 },
): GreyPicture {
  const data = new Uint8Array(size.width * size.height).fill(shades.paper);
  for (let y = at.y; y < at.y + at.height; y++) {
    data.fill(shades.ink, y * size.width + at.x, y * size.width + at.x + at.width);
  }
  return { ...size, data };
}

/** Where ink is, as MNIST would have it. */
function extent(centred: Float32Array) {
  const places = [...centred.keys()].filter((i) => (centred[i] as number) > 0);
  const columns = places.map((i) => i % SIDE);
  const rows = places.map((i) => Math.floor(i / SIDE));
  return { left: Math.min(...columns), right: Math.max(...columns), top: Math.min(...rows), bottom: Math.max(...rows) };
}

describe('a digit anywhere in a picture of any size', () => {
  it('is 20 long on its longer side, in the middle', () => {
    const tall = centreDigit(rectangle({ width: 300, height: 200 }, { x: 250, y: 10, width: 40, height: 100 }))!;
    expect(extent(tall)).toEqual({ left: 10, right: 17, top: 4, bottom: 23 });
    const wide = centreDigit(rectangle({ width: 30, height: 30 }, { x: 0, y: 20, width: 10, height: 4 }))!;
    expect(extent(wide)).toEqual({ left: 4, right: 23, top: 10, bottom: 17 });
  });

  it('gives the same wherever it stands', () => {
    const place = fc.record({ x: fc.integer({ min: 1, max: 60 }), y: fc.integer({ min: 1, max: 30 }) });
    const expected = centreDigit(rectangle({ width: 100, height: 80 }, { x: 40, y: 20, width: 23, height: 37 }));
    fc.assert(
      fc.property(place, (at) => {
        const moved = centreDigit(rectangle({ width: 100, height: 80 }, { ...at, width: 23, height: 37 }));
        expect(moved).toEqual(expected);
      }),
    );
  });

  it('gives the same dark on light as light on dark, faint as bold', () => {
    const at = { x: 9, y: 5, width: 12, height: 30 };
    const expected = centreDigit(rectangle({ width: 50, height: 50 }, at));
    for (const shades of [
      { paper: 255, ink: 0 },
      { paper: 230, ink: 100 },
      { paper: 20, ink: 60 },
    ]) {
      expect(centreDigit(rectangle({ width: 50, height: 50 }, at, shades))).toEqual(expected);
    }
  });

  it('gives nearly the same at twice the size', () => {
    const small = centreDigit(rectangle({ width: 60, height: 60 }, { x: 10, y: 11, width: 14, height: 41 }))!;
    const large = centreDigit(rectangle({ width: 120, height: 120 }, { x: 20, y: 22, width: 28, height: 82 }))!;
    for (let i = 0; i < small.length; i++) expect(large[i]).toBeCloseTo(small[i] as number, 5);
  });
});

describe('a picture made as MNIST makes them', () => {
  it('comes back as it is', () => {
    const { data, ...size } = rectangle({ width: 28, height: 28 }, { x: 9, y: 4, width: 10, height: 20 });
    expect(centreDigit({ ...size, data })).toEqual(Float32Array.from(data, (value) => value / 255));
  });
});

describe('any picture at all', () => {
  it('gives 784 values in 0..1, or null', () => {
    const pictures = fc.record({ width: fc.integer({ min: 1, max: 50 }), height: fc.integer({ min: 1, max: 50 }) });
    const filled = pictures.chain(({ width, height }) =>
      fc.uint8Array({ minLength: width * height, maxLength: width * height }).map((data) => ({ width, height, data })),
    );
    fc.assert(
      fc.property(filled, (picture) => {
        const centred = centreDigit(picture);
        if (centred === null) return;
        expect(centred).toHaveLength(784);
        expect(centred.every((value) => value >= 0 && value <= 1.0001)).toBe(true);
        expect(centred.some((value) => value > 0)).toBe(true);
      }),
    );
  });

  it('gives null when nothing stands out from the paper', () => {
    const size = { width: 40, height: 30 };
    const at = { x: 5, y: 5, width: 9, height: 9 };
    expect(centreDigit(rectangle(size, at, { paper: 200, ink: 200 }))).toBeNull();
    expect(centreDigit(rectangle(size, at, { paper: 200, ink: 180 }))).toBeNull();
    expect(centreDigit(rectangle(size, at, { paper: 200, ink: 170 }))).not.toBeNull();
  });
});
