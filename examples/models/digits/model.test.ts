import { readFile } from 'node:fs/promises';
import { decodeImage } from 'jitney/image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInReadme, type Example, expectGoldenTensors, openExample } from '../golden.js';
import type { GreyPicture } from './centre.ts';
import { greyPng } from './grey-png.ts';
import model from './model.ts';

interface Answer {
  readonly digit: number;
  readonly confidence: number;
  readonly scores: readonly number[];
  readonly text: string;
}

const FOLDER = new URL('./', import.meta.url);
let digits: Example<Answer>;
beforeAll(async () => {
  digits = await openExample(FOLDER, model);
});
afterAll(() => digits.close());
const predict = async (input: unknown) => (await digits.predict(input)) as Answer;
const picture = async (name: string) => new Uint8Array(await readFile(new URL(`pictures/${name}`, FOLDER)));

describe('the README', () => {
  it('shows the real answer', async () => {
    expect(await predict(await picture('seven.png'))).toEqual(await answerInReadme(FOLDER));
  });
});

describe('digits with known outputs', () => {
  it('get, as tensors, the values that Python got, together and one by one', () => expectGoldenTensors(digits));

  it('get, as 784 numbers of either range, the same scores', async () => {
    for (const { name, input, answer } of digits.golden.predict) {
      const found = await predict(input);
      expect(found.digit, name).toBe(answer.digit);
      expect(found.confidence, name).toBe(found.scores[found.digit]);
      const worst = Math.max(...answer.scores.map((score, i) => Math.abs(score - found.scores[i]!)));
      expect(worst, name).toBeLessThanOrEqual(digits.golden.tolerance + ROUNDED);
    }
  });
});

/** Answers are rounded to four places. */
const ROUNDED = 0.00005;

describe('a picture of a digit', () => {
  it.each([
    ['seven.png', 7, 'MNIST as it is, light on dark'],
    ['three-on-white.png', 3, 'enlarged, dark on light'],
    ['four-on-nothing.png', 4, 'black on transparency'],
    ['two-in-pencil.jpg', 2, 'in the corner of a lit sheet, with noise'],
    ['five-sideways.jpg', 5, 'drawn with a pen, turned by its EXIF data'],
  ])('%s is a %i: %s', async (name, digit) => {
    const answer = await predict(await picture(name));
    expect(answer).toMatchObject({ digit, text: `this is a ${digit}` });
    expect(answer.confidence).toBeGreaterThan(0.8);
  });

  it('may come as bytes, as base64 or as a data URL: the answer is the same', async () => {
    const bytes = await picture('two-in-pencil.jpg');
    const base64 = Buffer.from(bytes).toString('base64');
    const expected = await predict(bytes);
    expect(await predict(base64)).toEqual(expected);
    expect(await predict(`data:image/jpeg;base64,${base64}`)).toEqual(expected);
  });
});

describe('a hundred digits the model was not trained on', () => {
  /** Row d of the sheet holds ten of digit d. */
  async function cells(): Promise<GreyPicture[]> {
    const { width, data } = await decodeImage(await picture('held-out.png'), { colour: 'grey' });
    return Array.from({ length: 100 }, (_, i) =>
      redrawn(28, (x, y) => data[(Math.floor(i / 10) * 28 + y) * width + (i % 10) * 28 + x] as number),
    );
  }

  function redrawn(side: number, shade: (x: number, y: number) => number): GreyPicture {
    const data = Uint8Array.from({ length: side * side }, (_, i) => shade(i % side, Math.floor(i / side)));
    return { width: side, height: side, data };
  }

  it.each<[string, number, (shadeAt: (x: number, y: number) => number, x: number, y: number) => number]>([
    ['as they are', 28, (at, x, y) => at(x, y)],
    ['dark on light', 28, (at, x, y) => 255 - at(x, y)],
    ['ten times as large', 280, (at, x, y) => at(x / 10, y / 10)],
    ['half as large', 14, (at, x, y) => (at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1)) / 3],
    ['faint on grey, in the corner of a sheet', 120, (at, x, y) => (x < 28 && y < 28 ? 190 - 0.3 * at(x, y) : 190)],
  ])('are read, %s: at least 97 of them', async (_, side, shade) => {
    const found = await Promise.all(
      (await cells()).map(({ data }) => {
        const at = (x: number, y: number) => data[Math.floor(y) * 28 + Math.floor(x)] as number;
        return predict(greyPng(redrawn(side, (x, y) => shade(at, x, y))));
      }),
    );
    const right = found.filter(({ digit }, i) => digit === Math.floor(i / 10));
    expect(right.length).toBeGreaterThanOrEqual(97);
  });
});

describe('an input that is no digit', () => {
  it.each([
    ['783 numbers', new Array(783).fill(0), /exactly 784 items/],
    ['a number out of range', new Array(784).fill(256), /expected number to be <=255/],
    ['an object', { pixels: [] }, /expected a PNG or JPEG/],
    ['text that is no base64', 'seven', /no picture/],
    ['a web page', new TextEncoder().encode('<html></html>'), /no picture.*<html>/],
    ['no bytes', new Uint8Array(), /empty/],
  ])('%s: the answer says what is expected', async (_, input, message) => {
    await expect(predict(input)).rejects.toThrow(message);
  });

  it('a blank sheet: the answer says so', async () => {
    const blank = greyPng({ width: 50, height: 40, data: new Uint8Array(2000).fill(250) });
    await expect(predict(blank)).rejects.toThrow(/blank/);
  });

  it('a picture that was cut off: the answer says so', async () => {
    await expect(predict((await picture('five-sideways.jpg')).subarray(0, 20_000))).rejects.toThrow(
      /cannot be decoded/,
    );
  });
});
