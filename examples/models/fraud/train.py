"""Trains the fraud model and writes model.onnx and golden.json beside this file.

    pip install -r requirements.txt
    python train.py

Takes about ten seconds on one core. The same seed gives the same model.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import average_precision_score, precision_score, recall_score, roc_auc_score

from generate import FEATURES, payments

TRAIN_SEED, HELD_OUT_SEED = 11, 12
REVIEW, FRAUD = 0.1, 0.5
HERE = Path(__file__).parent


def single_precision_below(threshold):
    """The largest float32 not above `threshold`: `x <= threshold` stays true for the same float32 values of x."""
    rounded = np.float32(threshold)
    return np.nextafter(rounded, np.float32(-np.inf)) if rounded > threshold else rounded


def expected_values(tree, leaf_values):
    """What a tree adds to the log-odds on average below each node, weighted by the training rows that came by."""
    values = np.array(leaf_values, float)
    for node in reversed(range(tree.node_count)):  # Children are numbered after their parent.
        left, right = tree.children_left[node], tree.children_right[node]
        if left >= 0:
            weight = tree.weighted_n_node_samples
            values[node] = (values[left] * weight[left] + values[right] * weight[right]) / (weight[left] + weight[right])
    return values


def ensemble_attributes(model):
    """The trees as attributes of TreeEnsembleRegressor with one target a feature, and the log-odds of an average row.

    A leaf does not hold the one number it adds to the log-odds. It holds that number divided among the features on the
    way to it: each split moves the expected value, and its feature gets the move (Saabas, 2014). The targets of a row
    therefore sum to its log-odds, less the average, and explain it at no extra cost.
    """
    nodes = {k: [] for k in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")}
    targets = {k: [] for k in ("treeids", "nodeids", "ids", "weights")}
    average = 0.0
    for tree_id, (estimator,) in enumerate(model.estimators_):
        tree = estimator.tree_
        values = expected_values(tree, tree.value[:, 0, 0] * model.learning_rate)
        average += values[0]
        stack = [(0, np.zeros(len(FEATURES)))]
        while stack:
            node, moved = stack.pop()
            left, right = int(tree.children_left[node]), int(tree.children_right[node])
            is_leaf = left < 0
            nodes["treeids"].append(tree_id)
            nodes["nodeids"].append(node)
            nodes["featureids"].append(0 if is_leaf else int(tree.feature[node]))
            nodes["modes"].append("LEAF" if is_leaf else "BRANCH_LEQ")
            nodes["values"].append(0.0 if is_leaf else float(single_precision_below(tree.threshold[node])))
            nodes["truenodeids"].append(0 if is_leaf else left)
            nodes["falsenodeids"].append(0 if is_leaf else right)
            if is_leaf:
                for feature in np.flatnonzero(moved) if moved.any() else [0]:
                    targets["treeids"].append(tree_id)
                    targets["nodeids"].append(node)
                    targets["ids"].append(int(feature))
                    targets["weights"].append(float(moved[feature]))
                continue
            for child in (left, right):
                step = np.zeros(len(FEATURES))
                step[tree.feature[node]] = values[child] - values[node]
                stack.append((child, moved + step))
    attributes = {f"nodes_{k}": v for k, v in nodes.items()} | {f"target_{k}": v for k, v in targets.items()}
    return attributes, average


def export(model, path):
    """features FP32 [batch, 10] -> probability FP32 [batch, 1], contributions FP32 [batch, 10] in log-odds."""
    attributes, average = ensemble_attributes(model)
    prior = model.init_.class_prior_[1]
    bias = np.float32(average + np.log(prior / (1 - prior)))
    trees = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["contributions"],
        domain="ai.onnx.ml",
        n_targets=len(FEATURES),
        aggregate_function="SUM",
        post_transform="NONE",
        **attributes,
    )
    nodes = [
        trees,
        helper.make_node("ReduceSum", ["contributions", "axes"], ["moved"], keepdims=1),
        helper.make_node("Add", ["moved", "bias"], ["log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["probability"]),
    ]
    wide, narrow = ["batch", len(FEATURES)], ["batch", 1]
    graph = helper.make_graph(
        nodes,
        "fraud",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, wide)],
        [
            helper.make_tensor_value_info("probability", TensorProto.FLOAT, narrow),
            helper.make_tensor_value_info("contributions", TensorProto.FLOAT, wide),
        ],
        [numpy_helper.from_array(np.array([1], np.int64), "axes"), numpy_helper.from_array(np.array([bias]), "bias")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx_model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="jitney")
    helper.set_model_props(onnx_model, {"features": ",".join(FEATURES)})
    onnx.checker.check_model(onnx_model, full_check=True)
    onnx.save(onnx_model, path)


CASES = {
    "a copied card, abroad at night": (210, 42.9, 3.25, 0, 1, 0.12, 860, 1, 0, 730),
    "stolen numbers in a risky online shop": (349, 42.9, 15.5, 0, 0, 0.55, 6.2, 0, 1, 1200),
    "stolen numbers being tried": (1.99, 30, 11, 1, 0, 0.3, 3, 6, 2, 21),
    "the week's groceries": (64.2, 41.7, 17.75, 1, 1, 0.04, 2.1, 0, 0, 2100),
    "a present, eight times the usual": (520, 61, 16, 1, 1, 0.08, 12, 0, 0, 950),
    "lunch on a journey": (27.8, 55, 13, 0, 1, 0.09, 1830, 0, 0, 1600),
    "a large order from an unknown shop": (230, 48, 21.5, 1, 0, 0.32, 4, 0, 0, 640),
}
WHOLE_NUMBERS, FLAGS = ("tx_last_hour", "declined_last_day"), ("country_match", "card_present")


def golden(session, held_rows, held_labels):
    """Inputs as tensors and as clients send them, with what onnxruntime makes of them."""

    def predict(name, values):
        probability, contributions = session.run(None, {"features": np.array([values], np.float32)})
        weight = np.abs(contributions[0])
        weightiest = [i for i in np.argsort(-weight)[:3] if weight[i] >= weight.max() / 10]
        request = {f: bool(v) if f in FLAGS else int(v) if f in WHOLE_NUMBERS else v for f, v in zip(FEATURES, values)}
        answer = {
            "probability": float(probability[0, 0]),
            "decision": "fraud" if probability >= FRAUD else "review" if probability >= REVIEW else "ok",
            "reasons": [{"feature": FEATURES[i], "weight": float(contributions[0, i])} for i in weightiest],
        }
        return {"name": name, "input": request, "answer": answer}

    rows = np.concatenate([held_rows[held_labels == 1][:8], held_rows[held_labels == 0][:8]])
    probability, contributions = session.run(None, {"features": rows})
    return {
        "tolerance": 1e-5,
        "tensors": {
            "inputs": {"features": tensor(rows)},
            "outputs": {"probability": tensor(probability), "contributions": tensor(contributions)},
        },
        "predict": [predict(name, values) for name, values in CASES.items()],
    }


def tensor(array):
    """Shape and values; floats in the fewest digits that give the same float32 back."""
    return {"shape": list(array.shape), "data": [float(str(value)) for value in array.reshape(-1)]}


def report(found, labels):
    print(f"{len(labels)} held out, {labels.mean():.4f} of them fraud")
    print(f"ROC AUC {roc_auc_score(labels, found):.4f}, average precision {average_precision_score(labels, found):.4f}")
    for threshold in (REVIEW, FRAUD):
        flagged = found >= threshold
        print(
            f"from {threshold}: precision {precision_score(labels, flagged):.3f},"
            f" recall {recall_score(labels, flagged):.3f}, share of all payments {flagged.mean():.4f}"
        )


if __name__ == "__main__":
    rows, labels = payments(60_000, TRAIN_SEED)
    model = GradientBoostingClassifier(
        n_estimators=80, learning_rate=0.14, max_depth=4, min_samples_leaf=40, subsample=0.7, random_state=TRAIN_SEED
    ).fit(rows, labels)
    export(model, HERE / "model.onnx")

    held_rows, held_labels = payments(40_000, HELD_OUT_SEED)
    session = onnxruntime.InferenceSession(HERE / "model.onnx")
    found = session.run(["probability"], {"features": held_rows})[0][:, 0]
    difference = np.abs(found - model.predict_proba(held_rows)[:, 1]).max()
    assert difference < 1e-5, f"the export disagrees with scikit-learn by {difference}"
    (HERE / "golden.json").write_text(json.dumps(golden(session, held_rows, held_labels)) + "\n")
    report(found, held_labels)
