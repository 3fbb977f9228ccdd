import { crc32 } from 'node:zlib';
import { InvalidInput } from '@jitney/core';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './image.js';

/** Two rows of three grey pixels, so that turning and mirroring show. */
const GREYS = Uint8Array.from([0, 50, 100, 150, 200, 250]);
const greys = () => sharp(GREYS, { raw: { width: 3, height: 2, channels: 1 } });
const refusal = (bytes: Uint8Array, maxPixels = 1e6) =>
  decodeImage(bytes, { colour: 'grey', maxPixels }).then(
    () => 'decoded',
    (thrown: unknown) => (thrown instanceof InvalidInput ? thrown.message : `not InvalidInput: ${thrown}`),
  );

describe('a picture in a format without loss', () => {
  it.each(['png', 'webp'] as const)('%s gives its grey pixels back exactly', async (format) => {
    const bytes = await greys().toColourspace('b-w').toFormat(format, { lossless: true }).toBuffer();
    expect(await decodeImage(bytes, { colour: 'grey' })).toEqual({ width: 3, height: 2, channels: 1, data: GREYS });
  });

  it('gives three channels for rgb, whether it was grey or coloured', async () => {
    const grey = await decodeImage(await greys().png().toBuffer(), { colour: 'rgb' });
    expect(grey.data).toEqual(Uint8Array.from([...GREYS].flatMap((value) => [value, value, value])));

    const pixels = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 7, 8, 9]);
    const coloured = sharp(pixels, { raw: { width: 2, height: 2, channels: 3 } });
    const decoded = await decodeImage(await coloured.png().toBuffer(), { colour: 'rgb' });
    expect(decoded).toEqual({ width: 2, height: 2, channels: 3, data: pixels });
  });

  it('holds for any size and content', async () => {
    const sizes = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
    const pictures = sizes.chain(({ width, height }) =>
      fc.uint8Array({ minLength: width * height, maxLength: width * height }).map((data) => ({ width, height, data })),
    );
    await fc.assert(
      fc.asyncProperty(pictures, async ({ width, height, data }) => {
        const png = await sharp(data, { raw: { width, height, channels: 1 } })
          .png()
          .toBuffer();
        expect(await decodeImage(png, { colour: 'grey' })).toEqual({ width, height, channels: 1, data });
      }),
      { numRuns: 40 },
    );
  });
});

describe('a picture in any format that is taken', () => {
  it.each(['jpeg', 'webp', 'gif', 'avif', 'png', 'tiff'] as const)(
    '%s is decoded close to what it showed',
    async (format) => {
      const bytes = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#808080' } })
        .toFormat(format)
        .toBuffer();
      const { data, ...size } = await decodeImage(bytes, { colour: 'grey' });
      expect(size).toEqual({ width: 16, height: 16, channels: 1 });
      expect(Math.max(...data.map((value) => Math.abs(value - 0x80)))).toBeLessThanOrEqual(4);
    },
  );

  it('16 bits a channel come down to 8', async () => {
    const bytes = await greys().toColourspace('grey16').png().toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    expect((await decodeImage(bytes, { colour: 'grey' })).data).toEqual(GREYS);
  });

  it('CMYK is brought to sRGB', async () => {
    const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'white' } })
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer();
    const { data, channels } = await decodeImage(bytes, { colour: 'rgb' });
    expect(channels).toBe(3);
    expect(Math.min(...data)).toBeGreaterThan(245);
  });

  it('is turned as its EXIF orientation says', async () => {
    // Orientation 6: the camera lay on its side, a viewer turns it by 90 degrees clockwise.
    const bytes = await greys().withMetadata({ orientation: 6 }).png().toBuffer();
    const turned = await decodeImage(bytes, { colour: 'grey' });
    expect(turned).toEqual({ width: 2, height: 3, channels: 1, data: Uint8Array.from([150, 0, 200, 50, 250, 100]) });
  });

  it('lies on white where it is transparent', async () => {
    const bytes = await sharp({
      create: { width: 2, height: 1, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect((await decodeImage(bytes, { colour: 'grey' })).data).toEqual(Uint8Array.from([255, 255]));
  });

  it('is read from where the bytes lie in a larger buffer', async () => {
    const png = await greys().png().toBuffer();
    const frame = Buffer.concat([Buffer.from('head'), png, Buffer.from('tail')]);
    const { data } = await decodeImage(frame.subarray(4, 4 + png.byteLength), { colour: 'grey' });
    expect(data).toEqual(GREYS);
  });
});

describe('a picture larger than the side asked for', () => {
  const red = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: 'red' } });

  it.each([
    [400, 200, 100, 50],
    [300, 900, 33, 100],
    [100, 100, 100, 100],
    [7, 3, 7, 3],
  ])('%i x %i comes as %i x %i within 100: shape kept, never enlarged', async (width, height, toWidth, toHeight) => {
    const bytes = await red(width, height).jpeg().toBuffer();
    const { data, ...size } = await decodeImage(bytes, { colour: 'rgb', maxSide: 100 });
    expect(size).toEqual({ width: toWidth, height: toHeight, channels: 3 });
    expect(data.byteLength).toBe(size.width * size.height * 3);
  });
});

describe('bytes that are no usable picture', () => {
  it('are refused when empty', async () => {
    expect(await refusal(new Uint8Array())).toMatch(/empty/);
  });

  it('are refused by how they begin, before the decoder sees them', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    expect(await refusal(svg)).toMatch(/62 bytes are no picture: expected PNG, JPEG.*<svg xmlns/);
    expect(await refusal(Buffer.from('{"image": 1}'))).toMatch(/no picture/);
    expect(await refusal(Buffer.from('%PDF-1.7\n'))).toMatch(/no picture/);
  });

  it('are refused when cut off, in the header or in the pixels', async () => {
    const noise = fc.sample(fc.uint8Array({ minLength: 64 * 64, maxLength: 64 * 64 }), { numRuns: 1, seed: 1 })[0]!;
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 1 } })
        .toFormat(format)
        .toBuffer();
      expect(await refusal(whole)).toBe('decoded');
      for (const share of [0.1, 0.5, 0.9]) {
        expect(await refusal(whole.subarray(0, whole.byteLength * share)), `${format} ${share}`).toMatch(
          /cannot be decoded/,
        );
      }
    }
  });

  it('are refused when only the signature is right', async () => {
    expect(await refusal(Buffer.from('\x89PNG\r\n\x1a\nnonsense', 'latin1'))).toMatch(/cannot be decoded: \S/);
  });

  it('never end in anything but InvalidInput or a picture', async () => {
    const png = await greys().png().toBuffer();
    const damage = fc.array(fc.tuple(fc.nat(png.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const broken = Uint8Array.from(png);
        for (const [at, value] of changes) broken[at] = value;
        expect(await refusal(broken)).not.toMatch(/^not InvalidInput/);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a picture with more pixels than allowed', () => {
  it('is refused by its header, with both numbers', async () => {
    const bytes = await sharp({ create: { width: 100, height: 50, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await refusal(bytes, 4999)).toMatch(/100 x 50 = 5000 pixels, at most 4999/);
    expect(await refusal(bytes, 5000)).toBe('decoded');
  });

  it('is refused though its pixels are missing: they were never read', async () => {
    const header = Buffer.alloc(33);
    header.write('\x89PNG\r\n\x1a\n', 'latin1');
    header.writeUInt32BE(13, 8);
    header.write('IHDR', 12, 'latin1');
    header.writeUInt32BE(40_000, 16);
    header.writeUInt32BE(40_000, 20);
    header.writeUInt8(8, 24);
    header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
    const emptyPixels = Buffer.from('\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82', 'latin1');
    expect(await refusal(Buffer.concat([header, emptyPixels]))).toMatch(/too large: 40000 x 40000/);
  });
});
