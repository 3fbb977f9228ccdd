"""LitServe with its own batching: up to MAX_BATCH requests, or what came within WINDOW_MS; with 1, one at a time."""

import os
import sys
from typing import Annotated

import litserve as ls
import numpy as np
import onnxruntime as ort
from fastapi import Body, Response

max_batch = int(os.environ["MAX_BATCH"])


class Served(ls.LitAPI):
    def setup(self, device):
        options = ort.SessionOptions()
        options.intra_op_num_threads = int(os.environ["THREADS"])
        self.session = ort.InferenceSession(os.environ["MODEL_FILE"], options)

    def decode_request(self, request):
        return np.array(request["data"], dtype=np.float32)

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, x):
        # Without batching LitServe gives it one decoded request, and calls neither batch nor unbatch.
        return self.run(x) if max_batch > 1 else self.run(self.batch([x]))[0]

    def run(self, x):
        return self.session.run(None, {"x": x})[0]

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return {"output": output.tolist()}


class Images(Served):
    def decode_request(self, request: Annotated[bytes, Body()]):
        return np.frombuffer(request, dtype=np.float32).reshape(3, 224, 224)

    def encode_response(self, output):
        return Response(output.tobytes(), media_type="application/octet-stream")


class Sentences(Served):
    def decode_request(self, request):
        return request["ids"]

    def batch(self, inputs):
        return inputs

    def run(self, sentences):
        longest = max(len(ids) for ids in sentences)
        ids = np.zeros((len(sentences), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, sentence in enumerate(sentences):
            ids[row, : len(sentence)] = sentence
            mask[row, : len(sentence)] = 1
        return self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


if __name__ == "__main__":
    api = {"mlp": Served, "identity": Images, "resnet18": Images, "encoder": Sentences}[os.environ["MODEL"]]
    served = api(max_batch_size=max_batch, batch_timeout=float(os.environ["WINDOW_MS"]) / 1000)
    server = ls.LitServer(served, accelerator="cpu", workers_per_device=int(os.environ["WORKERS"]))
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
