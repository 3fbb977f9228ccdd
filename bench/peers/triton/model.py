"""Triton's Python backend: the model.py of a model repository, with ONNX Runtime in it."""

import json
import os

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb


def join(parts):
    """Rows of all requests in one tensor; sentences are padded to the longest."""
    if parts[0].ndim == 2 and len({part.shape[1] for part in parts}) > 1:
        longest = max(part.shape[1] for part in parts)
        parts = [np.pad(part, ((0, 0), (0, longest - part.shape[1]))) for part in parts]
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.inputs = [tensor["name"] for tensor in config["input"]]
        self.output = config["output"][0]["name"]
        options = ort.SessionOptions()
        options.intra_op_num_threads = int(os.environ["THREADS"])
        self.session = ort.InferenceSession(os.environ["MODEL_FILE"], options)

    def execute(self, requests):
        feed = {
            name: join([pb.get_input_tensor_by_name(request, name).as_numpy() for request in requests])
            for name in self.inputs
        }
        rows = self.session.run(None, feed)[0]
        # Each request of the bench is of one row.
        return [
            pb.InferenceResponse([pb.Tensor(self.output, rows[at : at + 1])]) for at in range(len(requests))
        ]
