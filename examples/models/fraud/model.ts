import { defineModel } from 'jitney';
import * as z from 'zod';
import { FEATURES, payment } from './payment.ts';
import { inWords, weightiest } from './reasons.ts';

/** From these probabilities on, a payment is looked at, and refused. The README has precision and recall at both. */
const REVIEW = 0.1;
const FRAUD = 0.5;

export default defineModel({
  model: './model.onnx',
  description: 'Tells how likely a card payment is fraud, and why.',

  input: payment,
  output: z.object({
    probability: z.number().describe('0..1'),
    decision: z.enum(['ok', 'review', 'fraud']),
    reasons: z
      .array(z.object({ feature: payment.keyof(), value: z.union([z.number(), z.boolean()]), weight: z.number() }))
      .describe('What weighed most. The weight is added to the log-odds of fraud: above 0 it speaks for fraud'),
    text: z.string(),
  }),
  example: {
    amount: 210,
    usual_amount: 42.9,
    hour: 3.25,
    country_match: false,
    card_present: true,
    merchant_risk: 0.12,
    distance_km: 860,
    tx_last_hour: 1,
    declined_last_day: 0,
    age_days: 730,
  },

  preprocess: (input) => ({ features: FEATURES.map((feature) => Number(input[feature])) }),

  postprocess({ probability, contributions }, { input }) {
    const fraud = Number(probability?.data[0]);
    const decision = fraud >= FRAUD ? 'fraud' : fraud >= REVIEW ? 'review' : 'ok';
    const reasons = weightiest(contributions?.data as Float32Array, input);
    return {
      probability: round(fraud),
      decision,
      reasons: reasons.map((reason) => ({ ...reason, weight: round(reason.weight) })),
      text: `${percent(fraud)} fraud, ${inWords(reasons, decision, input)}`,
    };
  },
});

function percent(share: number): string {
  if (share < 0.01) return 'less than 1 %';
  return share > 0.99 ? 'more than 99 %' : `${Math.round(share * 100)} %`;
}

const round = (value: number) => Math.round(value * 1e4) / 1e4;
