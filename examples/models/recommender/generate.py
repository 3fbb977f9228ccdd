"""A film club that never was: its catalogue, its users and what they watched.

Titles are put together from the word lists below. Users have a hidden taste; what they watch follows it, how well
known a film is, and chance. Only ids, genres, years and the watched films are shown to the model.
"""

import numpy as np

GENRES = {
    "adventure": (["Lost", "Hidden", "Distant", "Restless"], ["Caravan", "Archipelago", "Summit", "Compass", "Frontier"]),
    "comedy": (["Accidental", "Hopeless", "Cheerful", "Borrowed"], ["Wedding", "Landlord", "Orchestra", "Cousin", "Diet"]),
    "crime": (["Crooked", "Silent", "Second", "Cold"], ["Alibi", "Witness", "Harbour", "Verdict", "Ledger"]),
    "documentary": (["Living", "Vanishing", "Patient", "Unseen"], ["Glacier", "Archive", "Apiary", "Factory", "River"]),
    "drama": (["Broken", "Quiet", "Tender", "Last"], ["Letters", "Winter", "Inheritance", "Orchard", "Promise"]),
    "fantasy": (["Enchanted", "Forgotten", "Silver", "Seventh"], ["Tower", "Griffin", "Mirror", "Kingdom", "Oath"]),
    "horror": (["Hollow", "Crawling", "Sleepless", "Buried"], ["House", "Choir", "Fog", "Cellar", "Doll"]),
    "science fiction": (["Orbital", "Quantum", "Synthetic", "Ninth"], ["Signal", "Colony", "Paradox", "Exile", "Garden"]),
}
NAMES = list(GENRES)
USERS, WATCHED, HELD_OUT = 800, 30, 5
# Part of the taste that no genre explains: mood, pace, cast … as four numbers.
MOODS = 4


def catalogue(rng):
    """160 films, shuffled: id, title, genres (first the main one), year."""
    films = []
    for main, (adjectives, nouns) in GENRES.items():
        for adjective in adjectives:
            for noun in nouns:
                others = [name for name in NAMES if name != main]
                second = [str(rng.choice(others))] if rng.random() < 0.4 else []
                films.append({"title": f"The {adjective} {noun}", "genres": [main, *second], "year": int(rng.integers(1970, 2025))})
    rng.shuffle(films)
    return [{"id": f"f{i + 1:03}", **film} for i, film in enumerate(films)]


def watched(films, rng):
    """What each of the 800 users watched: [users, 30] rows of the catalogue in the order of watching."""
    genres = np.array([[NAMES.index(film["genres"][0]) == g for g in range(len(NAMES))] for film in films], float)
    for row, film in zip(genres, films):
        for name in film["genres"][1:]:
            row[NAMES.index(name)] = 0.5
    moods = rng.normal(0, 1, (len(films), MOODS))
    fame = rng.permutation(1.8 * np.linspace(1, 0, len(films)) ** 3)

    likes = rng.choice(len(NAMES), (USERS, 2))
    taste = rng.normal(0, 0.5, (USERS, len(NAMES)))
    taste[np.arange(USERS), likes[:, 0]] += 2.2
    taste[np.arange(USERS), likes[:, 1]] += 1.4
    appeal = taste @ genres.T + rng.normal(0, 0.7, (USERS, MOODS)) @ moods.T + fame

    # Gumbel's trick: the 30 highest of appeal plus noise are 30 draws without replacement by softmax(appeal).
    noisy = appeal + rng.gumbel(size=appeal.shape)
    order = np.argsort(-noisy, 1)[:, :WATCHED]
    return rng.permuted(order, axis=1)
