import { defineModel, InvalidInput } from 'jitney';
import { decodeImage } from 'jitney/image';
import * as z from 'zod';
import { centreDigit } from './centre.ts';
import example from './example.json' with { type: 'json' };

const pixels = z.array(z.number().min(0).max(255)).length(784);

export default defineModel({
  model: './model.onnx',
  description: 'Reads a handwritten digit from a picture.',

  input: z.union([z.instanceof(Uint8Array), z.string(), pixels], {
    error: 'expected a PNG or JPEG (as the body, or as base64 or a data URL) or 784 numbers from 0 to 255',
  }),
  output: z.object({
    digit: z.int().min(0).max(9),
    confidence: z.number().describe('0..1'),
    scores: z.array(z.number()).length(10).describe('How likely each digit is, from 0 to 9'),
    text: z.string(),
  }),
  // Numbers, not a picture: the warm-up would load the image decoder, 16 MB that only pictures need.
  example,

  async preprocess(input) {
    if (Array.isArray(input)) return { image: fromPixels(input) };
    const bytes = typeof input === 'string' ? fromBase64(input) : input;
    // A phone's twelve megapixels would only be averaged away below.
    const picture = await decodeImage(bytes, { colour: 'grey', maxSide: 112 });
    const image = centreDigit(picture);
    if (image === null) throw new InvalidInput('The picture is blank: expected one digit on a plain ground');
    return { image };
  },

  postprocess({ probabilities }) {
    const scores = Array.from(probabilities?.data as Float32Array, round);
    const confidence = Math.max(...scores);
    const digit = scores.indexOf(confidence);
    const text = confidence < 0.6 ? `this may be a ${digit}` : `this is a ${digit}`;
    return { digit, confidence, scores, text };
  },
});

/** MNIST's own form, light on dark; 0..255 unless all are below 1. */
function fromPixels(pixels: readonly number[]): Float32Array {
  const full = Math.max(...pixels) > 1 ? 255 : 1;
  return Float32Array.from(pixels, (value) => value / full);
}

function fromBase64(text: string): Uint8Array {
  return Buffer.from(text.replace(/^data:[^,]*,/, ''), 'base64');
}

const round = (value: number) => Math.round(value * 1e4) / 1e4;
