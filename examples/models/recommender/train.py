"""Trains the film recommender and writes model.onnx, catalogue.json and golden.json beside this file.

    pip install -r requirements.txt
    python train.py

Takes about ten seconds on two cores. The same seed on the same machine gives the same model.
"""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from generate import HELD_OUT, USERS, NAMES, catalogue, watched

SEED = 21  # Settings were chosen with seed 100, whose users and films are others.
EPOCHS, BATCH, LEARNING_RATE, DECAY = 30, 256, 4e-3, 1e-2
WIDTH, HIDDEN = 16, 32
HERE = Path(__file__).parent


def film_features(films):
    """Genres as 0 or 1, and the year as about -1..1: [films, 9]."""
    genres = [[float(name in film["genres"]) for name in NAMES] for film in films]
    years = [[(film["year"] - 1997) / 27] for film in films]
    return np.concatenate([genres, years], 1).astype(np.float32)


def favourite_genres(history, films):
    """The two genres a user watched most, as 0 or 1: what a newcomer would name when asked. [users, 8]"""
    counts = film_features(films)[:, : len(NAMES)][history].sum(1)
    favourites = np.zeros_like(counts)
    np.put_along_axis(favourites, np.argsort(-counts, 1)[:, :2], 1, 1)
    return favourites


def initial_weights(key, films):
    def normal(key, *shape, scale=None):
        return jax.random.normal(key, shape) * (scale or np.sqrt(2 / shape[0]))

    k = jax.random.split(key, 6)
    return {
        # Row 0 stands for whoever is not known.
        "user": normal(k[0], USERS + 1, WIDTH, scale=0.1),
        "film": normal(k[1], len(films), WIDTH, scale=0.1),
        "fame": jnp.zeros(len(films)),
        "user1": {"w": normal(k[2], WIDTH + len(NAMES), HIDDEN), "b": jnp.zeros(HIDDEN)},
        "user2": {"w": normal(k[3], HIDDEN, WIDTH), "b": jnp.zeros(WIDTH)},
        "film1": {"w": normal(k[4], WIDTH + len(NAMES) + 1, HIDDEN), "b": jnp.zeros(HIDDEN)},
        "film2": {"w": normal(k[5], HIDDEN, WIDTH), "b": jnp.zeros(WIDTH)},
    }


def dense(x, layer):
    return x @ layer["w"] + layer["b"]


def tower(embedding, features, first, second):
    return dense(jax.nn.relu(dense(jnp.concatenate([embedding, features], 1), first)), second)


def logits(weights, user, genres, features):
    """[batch, films]: how much each user's vector points the way each film's does."""
    users = tower(weights["user"][user], genres, weights["user1"], weights["user2"])
    films = tower(weights["film"], features, weights["film1"], weights["film2"])
    return users @ films.T / np.sqrt(WIDTH) + weights["fame"]


def loss(weights, user, genres, film, features):
    return -jnp.mean(jax.nn.log_softmax(logits(weights, user, genres, features))[jnp.arange(len(film)), film])


@jax.jit
def adamw_step(state, user, genres, film, features, rate):
    """One step of Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""
    weights, mean, square, step = state
    gradient = jax.grad(loss)(weights, user, genres, film, features)
    step += 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradient)
    scale = jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    move = jax.tree.map(lambda m, v: scale * m / (jnp.sqrt(v) + 1e-8), mean, square)
    weights = jax.tree.map(lambda w, d: w - rate * (d + DECAY * w), weights, move)
    return weights, mean, square, step


def train(history, films):
    """Each watched film is one example. The user is hidden in some, the favourite genres in others, so that the
    model learns what to say when it knows both, either or nothing."""
    rng, features = np.random.default_rng(SEED), film_features(films)
    user = np.repeat(np.arange(1, USERS + 1), history.shape[1])
    genres = np.repeat(favourite_genres(history, films), history.shape[1], 0)
    film = history.reshape(-1)
    weights = initial_weights(jax.random.key(SEED), films)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state, steps = (weights, zeros, zeros, 0), len(film) // BATCH
    for epoch in range(EPOCHS):
        order = rng.permutation(len(film))
        shown_user = np.where(rng.random(len(film)) < 0.2, 0, user)
        shown_genres = np.where(rng.random((len(film), 1)) < 0.5, 0, genres).astype(np.float32)
        for i in range(steps):
            rows = order[i * BATCH : (i + 1) * BATCH]
            rate = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * (epoch * steps + i) / (EPOCHS * steps)))
            state = adamw_step(state, shown_user[rows], shown_genres[rows], film[rows], features, rate)
    return jax.tree.map(np.asarray, state[0])


def export(weights, films, path):
    """user INT64 [batch] (0: unknown), genres FP32 [batch, 8] -> scores FP32 [batch, 160], which sum to 1.

    Both towers are in the graph. The films' tower has constant inputs only, so a runtime folds it when it loads.
    """
    nodes, initializers = [], []

    def constant(name, value):
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind, output, *inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def layer(name, x):
        return node("Gemm", f"{name}_out", x, constant(f"{name}.w", weights[name]["w"]), constant(f"{name}.b", weights[name]["b"]))

    embedding = node("Gather", "user_embedding", constant("user.embedding", weights["user"]), "user", axis=0)
    x = node("Concat", "user_in", embedding, "genres", axis=1)
    users = layer("user2", node("Relu", "user_hidden", layer("user1", x)))

    x = node(
        "Concat", "film_in", constant("film.embedding", weights["film"]), constant("film.features", film_features(films)), axis=1
    )
    vectors = layer("film2", node("Relu", "film_hidden", layer("film1", x)))

    # Gemm computes alpha * users @ vectors.T + fame.
    fame = constant("fame", weights["fame"])
    score = node("Gemm", "logits", users, vectors, fame, transB=1, alpha=1 / float(np.sqrt(WIDTH)))
    node("Softmax", "scores", score, axis=1)

    graph = helper.make_graph(
        nodes,
        "recommender",
        [
            helper.make_tensor_value_info("user", TensorProto.INT64, ["batch"]),
            helper.make_tensor_value_info("genres", TensorProto.FLOAT, ["batch", len(NAMES)]),
        ],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", len(films)])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="jitney")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def recall_at_10(scores, history, held_out):
    """Mean share of a user's held-out films among the ten best that the user has not watched before."""
    scores = scores.copy()
    np.put_along_axis(scores, history, -np.inf, 1)
    best = np.argsort(-scores, 1)[:, :10]
    return np.mean([len(set(b) & set(h)) / len(h) for b, h in zip(best, held_out)])


def write_catalogue(films, path):
    """One film a line, as the formatter of this repository leaves it."""
    lines = ",\n".join("    " + json.dumps(film).replace("{", "{ ").replace("}", " }") for film in films)
    path.write_text(f'{{\n  "users": {USERS},\n  "genres": {json.dumps(NAMES)},\n  "films": [\n{lines}\n  ]\n}}\n')


def golden(session, films):
    """Inputs as tensors and as clients send them, with what onnxruntime makes of them."""

    def scores_of(user, genres):
        flags = [float(name in genres) for name in NAMES]
        return session.run(None, {"user": np.array([user], np.int64), "genres": np.array([flags], np.float32)})[0][0]

    def predict(name, request):
        user = request.get("user", 0)
        scores = scores_of(user if user <= USERS else 0, request.get("genres", []))
        places = [i for i, film in enumerate(films) if film["id"] in request.get("items", [film["id"]])]
        places = [i for i in places if films[i]["id"] not in request.get("exclude", [])]
        best = sorted(places, key=lambda i: -scores[i])[: request.get("top", 10)]
        items = [{"id": films[i]["id"], "title": films[i]["title"], "score": float(scores[i])} for i in best]
        return {"name": name, "input": request, "answer": {"known": 0 < user <= USERS, "items": items}}

    user = np.array([0, 1, 42, 800, 0], np.int64)
    genres = np.zeros((5, len(NAMES)), np.float32)
    genres[3:, :2] = 1
    scores = session.run(None, {"user": user, "genres": genres})[0]
    return {
        "tolerance": 1e-5,
        "tensors": {
            "inputs": {"user": tensor(user), "genres": tensor(genres)},
            "outputs": {"scores": tensor(scores)},
        },
        "predict": [
            predict("a known user, all films", {"user": 42, "top": 3}),
            predict("a known user, ten by default", {"user": 800}),
            predict("a known user, candidates", {"user": 7, "items": ["f001", "f050", "f100", "f150"]}),
            predict("a known user, some left out", {"user": 42, "exclude": ["f001", "f002", "f003"], "top": 160}),
            predict("an unknown user", {"user": 9999, "top": 3}),
            predict("an unknown user who named genres", {"user": 9999, "genres": ["crime", "comedy"], "top": 5}),
            predict("nobody", {"top": 3}),
        ],
    }


def tensor(array):
    """Shape and values; floats in the fewest digits that give the same float32 back."""
    values = [float(str(v)) for v in array.reshape(-1)] if array.dtype == np.float32 else array.reshape(-1).tolist()
    return {"shape": list(array.shape), "data": values}


def report(session, films, history, held_out):
    users, nobody = np.arange(1, USERS + 1), np.zeros(USERS, np.int64)
    favourites, none = favourite_genres(history, films), np.zeros((USERS, len(NAMES)), np.float32)
    plays = np.bincount(history.reshape(-1), minlength=len(films)).astype(np.float32)

    def run(user, genres):
        return session.run(None, {"user": user, "genres": genres})[0]

    for name, scores in {
        "known user": run(users, none),
        "known user and two genres": run(users, favourites),
        "unknown user and two genres": run(nobody, favourites),
        "unknown user": run(nobody, none),
        "popularity": np.tile(plays, (USERS, 1)),
        "chance": np.random.default_rng(0).random((USERS, len(films))),
    }.items():
        print(f"{name}: recall@10 {recall_at_10(scores, history, held_out):.4f}")


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    films = catalogue(rng)
    seen = watched(films, rng)
    history, held_out = seen[:, :-HELD_OUT], seen[:, -HELD_OUT:]
    export(train(history, films), films, HERE / "model.onnx")
    session = onnxruntime.InferenceSession(HERE / "model.onnx")
    write_catalogue(films, HERE / "catalogue.json")
    (HERE / "golden.json").write_text(json.dumps(golden(session, films)) + "\n")
    report(session, films, history, held_out)
