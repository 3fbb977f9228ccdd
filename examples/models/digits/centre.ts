/** A picture in shades of grey: `height * width` bytes, rows from the top. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** MNIST's pictures are 28 x 28, the digit in them is 20 long on its longer side. */
const SIDE = 28;
const DIGIT_SIDE = 20;
/** Share of the strongest ink below which a pixel is paper: noise, texture, traces of JPEG. */
const PAPER = 0.25;
/** Contrast, of 255, below which there is nothing to read. */
const LEAST_CONTRAST = 24;

/**
 * Makes any picture of one digit look as MNIST's do: light ink on black, 20 pixels long, its centre of mass in the
 * middle. Source: yann.lecun.com/exdb/mnist, "centered in a 28x28 image by computing the center of mass".
 *
 * @returns 784 values in 0..1, rows from the top; `null` when the picture is blank.
 */
export function centreDigit(picture: GreyPicture): Float32Array | null {
  const ink = inkOf(picture);
  if (ink === null) return null;
  const box = boundingBox(ink, picture.width);
  const scale = Math.max(box.width, box.height) / DIGIT_SIDE;
  const shiftX = Math.round(SIDE / 2 - (box.massX - box.left) / scale);
  const shiftY = Math.round(SIDE / 2 - (box.massY - box.top) / scale);

  const centred = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    const top = box.top + (y - shiftY) * scale;
    for (let x = 0; x < SIDE; x++) {
      const left = box.left + (x - shiftX) * scale;
      centred[y * SIDE + x] = meanInk(ink, picture, { left, top, side: scale });
    }
  }
  return centred;
}

/** How strongly each pixel differs from the paper, 0..1; `null` when none does. */
function inkOf({ width, height, data }: GreyPicture): Float32Array | null {
  const paper = medianOfFrame(data, width, height);
  const ink = Float32Array.from(data, (value) => (paper > 127 ? paper - value : value - paper));
  const strongest = ink.reduce((most, value) => Math.max(most, value), 0);
  if (strongest < LEAST_CONTRAST) return null;
  return ink.map((value) => (value < strongest * PAPER ? 0 : value / strongest));
}

/** The paper's shade: what half of the outermost pixels are darker than. */
function medianOfFrame(data: Uint8Array, width: number, height: number): number {
  const frame = data.filter(
    (_, i) => i < width || i >= width * (height - 1) || i % width === 0 || i % width === width - 1,
  );
  return frame.sort()[frame.length >> 1] as number;
}

/** The smallest rectangle that holds all ink, in pixels, and the ink's centre of mass. */
function boundingBox(ink: Float32Array, width: number) {
  let [left, top, right, bottom, mass, massX, massY] = [Infinity, Infinity, 0, 0, 0, 0, 0];
  for (let i = 0; i < ink.length; i++) {
    const value = ink[i] as number;
    if (value === 0) continue;
    const x = i % width;
    const y = (i - x) / width;
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + 1);
    bottom = Math.max(bottom, y + 1);
    mass += value;
    massX += value * (x + 0.5);
    massY += value * (y + 0.5);
  }
  return { left, top, width: right - left, height: bottom - top, massX: massX / mass, massY: massY / mass };
}

/** Mean ink under a square, pixels on its edge counted by the part that lies under it; 0 outside the picture. */
function meanInk(
  ink: Float32Array,
  picture: GreyPicture,
  square: { readonly left: number; readonly top: number; readonly side: number },
): number {
  const { left, top, side } = square;
  let sum = 0;
  for (let y = Math.max(0, Math.floor(top)); y < Math.min(picture.height, top + side); y++) {
    const rowPart = Math.min(y + 1, top + side) - Math.max(y, top);
    for (let x = Math.max(0, Math.floor(left)); x < Math.min(picture.width, left + side); x++) {
      const columnPart = Math.min(x + 1, left + side) - Math.max(x, left);
      sum += (ink[y * picture.width + x] as number) * rowPart * columnPart;
    }
  }
  return sum / (side * side);
}
