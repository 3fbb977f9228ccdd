import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInReadme, type Example, expectGoldenTensors, openExample } from '../golden.js';
import model from './model.ts';

interface Answer {
  readonly probability: number;
  readonly decision: 'ok' | 'review' | 'fraud';
  readonly reasons: ReadonlyArray<{ readonly feature: string; readonly weight: number }>;
  readonly text: string;
}

const FOLDER = new URL('./', import.meta.url);
let fraud: Example<Answer>;
beforeAll(async () => {
  fraud = await openExample(FOLDER, model);
});
afterAll(() => fraud.close());
const predict = async (input: unknown) => (await fraud.predict(input)) as Answer;
const payment = model.example as Readonly<Record<string, number | boolean>>;

describe('the README', () => {
  it('shows the real answer', async () => {
    expect(await predict(model.example)).toEqual(await answerInReadme(FOLDER));
  });
});

describe('payments with known outputs', () => {
  it('get, as tensors, the values that Python got, together and one by one', () => expectGoldenTensors(fraud));

  it('get, as named features, the same probability, decision and reasons', async () => {
    const { predict: cases, tolerance } = fraud.golden;
    expect(new Set(cases.map(({ answer }) => answer.decision))).toEqual(new Set(['ok', 'review', 'fraud']));
    for (const { name, input, answer } of cases) {
      const found = await predict(input);
      expect(found.decision, name).toBe(answer.decision);
      expect(Math.abs(found.probability - answer.probability), name).toBeLessThanOrEqual(tolerance + ROUNDED);
      expect(
        found.reasons.map(({ feature }) => feature),
        name,
      ).toEqual(answer.reasons.map(({ feature }) => feature));
      for (const [i, { weight }] of answer.reasons.entries()) {
        expect(Math.abs(found.reasons[i]!.weight - weight), name).toBeLessThanOrEqual(tolerance + ROUNDED);
      }
    }
  });

  it('say in words what spoke for the decision and what against it', async () => {
    const texts = fraud.golden.predict.map(async ({ name, input }) => [name, (await predict(input)).text]);
    expect(Object.fromEntries(await Promise.all(texts))).toMatchObject({
      'a copied card, abroad at night':
        '87 % fraud, because the payment before was 860 km away, the amount is 210.00 EUR and it is 3 h at home',
      'a large order from an unknown shop':
        '17 % fraud, because the amount is 230.00 EUR, the risk of the shop is 0.32 and it was paid online',
      'lunch on a journey':
        'less than 1 % fraud, because the card was used 0 times in the hour before, although the shop is abroad and the payment before was 1830 km away',
    });
  });
});

/** Answers are rounded to four places. */
const ROUNDED = 0.00005;

describe('the features that weighed most', () => {
  const anyPayment = fc.record({
    amount: fc.double({ min: 0.5, max: 5000, noNaN: true }),
    usual_amount: fc.double({ min: 1, max: 500, noNaN: true }),
    hour: fc.double({ min: 0, max: 23.99, noNaN: true }),
    country_match: fc.boolean(),
    card_present: fc.boolean(),
    merchant_risk: fc.double({ min: 0, max: 1, noNaN: true }),
    distance_km: fc.double({ min: 0, max: 10_000, noNaN: true }),
    tx_last_hour: fc.nat(12),
    declined_last_day: fc.nat(5),
    age_days: fc.nat(4000),
  });

  it('are three at most, the strongest first, none a tenth as strong, with the values that were sent', async () => {
    await fc.assert(
      fc.asyncProperty(anyPayment, async (input) => {
        const { reasons } = await predict(input);
        const strengths = reasons.map(({ weight }) => Math.abs(weight));
        expect(reasons.length).toBeGreaterThan(0);
        expect(reasons.length).toBeLessThanOrEqual(3);
        expect(strengths).toEqual([...strengths].sort((a, b) => b - a));
        expect(Math.min(...strengths)).toBeGreaterThanOrEqual(strengths[0]! / 10 - ROUNDED);
        for (const reason of reasons) {
          expect(reason).toHaveProperty('value', input[reason.feature as keyof typeof input]);
        }
      }),
    );
  });

  it('add up: the contributions of a row explain its whole log-odds', async () => {
    const { inputs } = fraud.golden.tensors;
    const outputs = await fraud.run(inputs);
    const contributions = outputs.get('contributions')!.data as Float32Array;
    const probability = outputs.get('probability')!.data as Float32Array;
    const biases = Array.from(probability, (p, row) => {
      const sum = contributions.subarray(row * 10, row * 10 + 10).reduce((a, b) => a + b, 0);
      return Math.log(p / (1 - p)) - sum;
    });
    for (const bias of biases) expect(bias).toBeCloseTo(biases[0]!, 3);
  });
});

describe('the order of the fields', () => {
  it('does not matter', async () => {
    const names = Object.keys(payment);
    const expected = await predict(payment);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(names, { minLength: names.length }), async (order) => {
        expect(await predict(Object.fromEntries(order.map((name) => [name, payment[name]])))).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a payment that does not fit', () => {
  it.each([
    ['a field is missing', { ...payment, amount: undefined }, /amount/],
    ['a field is unknown', { ...payment, ammount: 3 }, /ammount/],
    ['a number is out of range', { ...payment, hour: 24 }, /hour/],
    ['a flag is a number', { ...payment, country_match: 1 }, /country_match/],
    ['it is a list', [1, 2, 3], /object/],
  ])('%s: the answer names it', async (_, input, message) => {
    await expect(predict(input)).rejects.toThrow(message);
  });
});
