import * as z from 'zod';

/** A card payment. The fields stand in the order of the model's columns; a client may send them in any. */
export const payment = z.strictObject({
  amount: z.number().min(0).describe('EUR'),
  usual_amount: z.number().min(0).describe("EUR, mean of the card's last thirty days"),
  hour: z.number().min(0).lt(24).describe('Where the card holder lives; 13.5 is half past one'),
  country_match: z.boolean().describe("The shop is in the card's country"),
  card_present: z.boolean().describe('Chip or contactless; false: online'),
  merchant_risk: z.number().min(0).max(1).describe("How often the shop's payments are disputed"),
  distance_km: z.number().min(0).describe('From the place of the payment before'),
  tx_last_hour: z.int().min(0).describe('Payments with this card in the hour before'),
  declined_last_day: z.int().min(0).describe('Payments refused in the day before'),
  age_days: z.number().min(0).describe('Since the account was opened'),
});

export type Payment = z.infer<typeof payment>;
export type Feature = keyof Payment;

/** The model's columns. */
export const FEATURES: readonly Feature[] = payment.keyof().options;
