"""Card payments that never happened: the data the fraud model is trained on.

Every row is one payment of an invented card holder. Honest people travel, shop online at night and buy presents;
thieves come in three kinds. Nothing here is drawn from real customers, and no rule below was fitted to real data.
"""

import numpy as np

FEATURES = [
    "amount",  # EUR
    "usual_amount",  # EUR, mean of the card's last thirty days
    "hour",  # of the day where the card holder lives, 0 to below 24
    "country_match",  # 1: the shop is in the card's country
    "card_present",  # 1: chip or contactless, 0: online
    "merchant_risk",  # 0..1, share of the shop's recent payments that were disputed, scaled
    "distance_km",  # from the place of the payment before
    "tx_last_hour",  # payments with this card in the hour before
    "declined_last_day",  # payments refused in the day before
    "age_days",  # since the account was opened
]

FRAUD_RATE = 0.03
# Some thefts are never reported, and some honest payments are disputed by mistake.
UNREPORTED, DISPUTED_BY_MISTAKE = 0.04, 0.001


def payments(count, seed):
    """`count` payments: features [count, 10] float32 in the order of FEATURES, and labels [count] (1: fraud)."""
    rng = np.random.default_rng(seed)
    rows = honest(count, rng)
    fraud = rng.random(count) < FRAUD_RATE
    kind = rng.choice([cloned, online, tested], count, p=[0.3, 0.45, 0.25])
    for thief in (cloned, online, tested):
        mine = fraud & (kind == thief)
        changed = thief({name: values[mine] for name, values in rows.items()}, rng)
        for name, values in changed.items():
            rows[name][mine] = values
    labels = np.where(fraud, rng.random(count) >= UNREPORTED, rng.random(count) < DISPUTED_BY_MISTAKE)
    rows["amount"] = np.round(rows["amount"], 2)
    rows["usual_amount"] = np.round(rows["usual_amount"], 2)
    rows["merchant_risk"] = np.round(rows["merchant_risk"], 3)
    rows["distance_km"] = np.round(rows["distance_km"], 1)
    rows["hour"] = np.round(rows["hour"] % 24, 2) % 24
    return np.stack([rows[name] for name in FEATURES], 1).astype(np.float32), labels.astype(np.int64)


def honest(count, rng):
    """People who mean well: mostly near home by day, one in thirty abroad, one in four online."""
    usual = rng.lognormal(3.4, 0.6, count)
    abroad, at_shop = rng.random(count) < 0.033, rng.random(count) < 0.75
    near, far = rng.exponential(8, count), rng.lognormal(7, 0.7, count)
    return {
        "amount": usual * rng.lognormal(-0.2, 0.75, count) * np.where(rng.random(count) < 0.02, 8, 1),
        "usual_amount": usual,
        "hour": rng.normal(14.5, 4.2, count),
        "country_match": np.where(abroad, 0.0, np.where(at_shop, 1.0, rng.random(count) < 0.85)),
        "card_present": at_shop.astype(float),
        "merchant_risk": rng.beta(1.3, 9, count),
        "distance_km": np.where(abroad, far, near),
        "tx_last_hour": rng.poisson(0.35, count).astype(float),
        "declined_last_day": (rng.random(count) < 0.03).astype(float),
        "age_days": rng.exponential(900, count).round(),
    }


def cloned(row, rng):
    """A copied card in a far shop: several payments in a row before it is blocked, often at night."""
    count = len(row["amount"])
    return {
        "amount": row["usual_amount"] * rng.lognormal(1.0, 0.7, count),
        "hour": np.where(rng.random(count) < 0.5, rng.normal(2, 2.5, count), row["hour"]),
        "country_match": (rng.random(count) < 0.35).astype(float),
        "card_present": np.ones(count),
        "distance_km": rng.lognormal(6.8, 1.2, count),
        "tx_last_hour": rng.poisson(2.5, count).astype(float),
    }


def online(row, rng):
    """Stolen numbers spent online, in shops that ask little, on goods that sell again."""
    count = len(row["amount"])
    return {
        "amount": row["usual_amount"] * rng.lognormal(1.4, 0.8, count),
        "country_match": (rng.random(count) < 0.3).astype(float),
        "card_present": np.zeros(count),
        "merchant_risk": rng.beta(3.5, 4, count),
        "declined_last_day": rng.poisson(0.5, count).astype(float),
    }


def tested(row, rng):
    """Many tiny payments that try which stolen numbers still work; new accounts more often than old ones."""
    count = len(row["amount"])
    return {
        "amount": rng.uniform(0.5, 6, count),
        "card_present": np.zeros(count),
        "merchant_risk": rng.beta(2.5, 5, count),
        "tx_last_hour": 1.0 + rng.poisson(5, count),
        "declined_last_day": rng.poisson(1.8, count).astype(float),
        "age_days": np.where(rng.random(count) < 0.6, rng.exponential(60, count).round(), row["age_days"]),
    }
