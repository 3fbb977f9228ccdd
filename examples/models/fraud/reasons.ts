import { FEATURES, type Feature, type Payment } from './payment.ts';

export type Decision = 'ok' | 'review' | 'fraud';

/** A feature and how far it moved the log-odds of fraud, against an average payment. */
export interface Reason {
  readonly feature: Feature;
  readonly value: number | boolean;
  readonly weight: number;
}

const MOST_REASONS = 3;
/** Share of the strongest weight below which a feature hardly mattered. */
const LEAST_SHARE = 0.1;

/** @param contributions The model's: one weight a feature, in the order of FEATURES. */
export function weightiest(contributions: ArrayLike<number>, payment: Payment): Reason[] {
  const reasons = FEATURES.map((feature, i) => ({
    feature,
    value: payment[feature],
    weight: contributions[i] as number,
  }));
  reasons.sort((a, b) => strength(b) - strength(a));
  const least = strength(reasons[0] as Reason) * LEAST_SHARE;
  return reasons.slice(0, MOST_REASONS).filter((reason) => strength(reason) >= least);
}

const strength = ({ weight }: Reason) => Math.abs(weight);

/** `because …, although …`: what speaks for the decision, then what speaks against it. */
export function inWords(reasons: readonly Reason[], decision: Decision, payment: Payment): string {
  const speaksFor = ({ weight }: Reason) => weight > 0 === (decision !== 'ok');
  const phrasesOf = (some: readonly Reason[]) => listed(some.map(({ feature }) => PHRASES[feature](payment)));
  const because = phrasesOf(reasons.filter((reason) => speaksFor(reason)));
  const although = phrasesOf(reasons.filter((reason) => !speaksFor(reason)));
  return [because && `because ${because}`, although && `although ${although}`].filter(Boolean).join(', ');
}

/** `a, b and c`. Intl.ListFormat does the same, but its tables take 5 MB of the host. */
const listed = (phrases: readonly string[]) => phrases.join(', ').replace(/, (?=[^,]*$)/, ' and ');

const PHRASES: { readonly [F in Feature]: (payment: Payment) => string } = {
  amount: ({ amount }) => `the amount is ${amount.toFixed(2)} EUR`,
  usual_amount: ({ usual_amount }) => `${usual_amount.toFixed(2)} EUR are usual`,
  hour: ({ hour }) => `it is ${Math.floor(hour)} h at home`,
  country_match: ({ country_match }) => `the shop is ${country_match ? 'in the home country' : 'abroad'}`,
  card_present: ({ card_present }) => (card_present ? 'the card was there' : 'it was paid online'),
  merchant_risk: ({ merchant_risk }) => `the risk of the shop is ${merchant_risk}`,
  distance_km: ({ distance_km }) => `the payment before was ${distance_km} km away`,
  tx_last_hour: ({ tx_last_hour }) => `the card was used ${times(tx_last_hour)} in the hour before`,
  declined_last_day: ({ declined_last_day }) => `it was refused ${times(declined_last_day)} in the day before`,
  age_days: ({ age_days }) => `the account is ${age_days} days old`,
};

const times = (count: number) => (count === 1 ? 'once' : `${count} times`);
