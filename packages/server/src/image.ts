import { InvalidInput } from '@jitney/core';
import type { Sharp } from 'sharp';

export interface DecodeImageOptions {
  /** `grey`: one byte a pixel, luminance. `rgb`: three bytes a pixel, sRGB. */
  readonly colour: 'grey' | 'rgb';
  /** Pixels (width times height) above which a picture is refused before it is decoded. Default 50 million. */
  readonly maxPixels?: number;
  /** Longest side of the result in pixels; a larger picture is scaled down while it is decoded. Default: as it is. */
  readonly maxSide?: number;
}

/** A decoded picture: upright, opaque, 8 bits a channel. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** `height * width * channels` bytes: rows from the top, channels of a pixel side by side. Yours to keep and change. */
  readonly data: Uint8Array;
}

const DEFAULT_MAX_PIXELS = 50_000_000;

/** How the formats that may be decoded begin. Vector formats and documents are not among them: they run programs. */
const SIGNATURES: ReadonlyArray<{ readonly at: number; readonly text: string }> = [
  { at: 0, text: '\xff\xd8\xff' }, // JPEG
  { at: 0, text: '\x89PNG\r\n\x1a\n' },
  { at: 0, text: 'GIF8' },
  { at: 0, text: 'II*\0' }, // TIFF, little-endian
  { at: 0, text: 'MM\0*' }, // TIFF, big-endian
  { at: 8, text: 'WEBP' },
  { at: 4, text: 'ftypavif' },
  { at: 4, text: 'ftypavis' },
];

/**
 * Decodes a PNG, JPEG, WebP, GIF (its first frame), TIFF (its first page) or AVIF, away from the JavaScript thread.
 *
 * The orientation of the EXIF data is applied, transparency laid on white, any colour space brought to sRGB. `bytes`
 * must stay as they are until the promise settles. The decoder (sharp, about 16 MB) is loaded by the first call.
 *
 * @throws InvalidInput for bytes that are no such picture, that are cut off or damaged, or that hold too many pixels.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeImageOptions): Promise<DecodedImage> {
  requireKnownFormat(bytes);
  const image = await openImage(bytes, options.maxPixels ?? DEFAULT_MAX_PIXELS);
  const { maxSide = null } = options;
  const upright = image.autoOrient().flatten({ background: 'white' });
  if (maxSide !== null) upright.resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true });
  upright.toColourspace(options.colour === 'grey' ? 'b-w' : 'srgb');
  try {
    const { data, info } = await upright.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return {
      width: info.width,
      height: info.height,
      channels: options.colour === 'grey' ? 1 : 3,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    };
  } catch (thrown) {
    throw unreadable(thrown);
  }
}

function requireKnownFormat(bytes: Uint8Array): void {
  if (bytes.byteLength === 0)
    throw new InvalidInput('The picture is empty: expected the bytes of a PNG or JPEG, got 0');
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.byteLength)).toString('latin1');
  if (SIGNATURES.some(({ at, text }) => start.startsWith(text, at))) return;
  throw new InvalidInput(
    `These ${bytes.byteLength} bytes are no picture: expected PNG, JPEG, WebP, GIF, TIFF or AVIF, got ${JSON.stringify(start)} at the start`,
  );
}

/** Reads the header only, so that a small file that claims a huge picture costs nothing. */
async function openImage(bytes: Uint8Array, maxPixels: number): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  const image = sharp(bytes, { limitInputPixels: false, failOn: 'truncated' });
  const { width, height } = await image.metadata().catch((thrown: unknown) => {
    throw unreadable(thrown);
  });
  if (width * height > maxPixels) {
    throw new InvalidInput(
      `The picture is too large: ${width} x ${height} = ${width * height} pixels, at most ${maxPixels} are decoded. Send a smaller one`,
    );
  }
  return image;
}

function unreadable(thrown: unknown): InvalidInput {
  const reason = (thrown instanceof Error ? thrown.message : String(thrown)).trim().split('\n')[0];
  return new InvalidInput(`The picture cannot be decoded: ${reason}`, { cause: thrown });
}
