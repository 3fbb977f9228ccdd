"""BentoML with its adaptive batching. A method that batches takes a batch, so a client sends a batch of one."""

import os
from pathlib import Path

import bentoml
import numpy as np
import onnxruntime as ort

batching = {"batchable": True, "max_batch_size": int(os.environ["MAX_BATCH"]), "max_latency_ms": 60_000}
access_log = {"access": {"enabled": False}}


@bentoml.service(workers=int(os.environ["WORKERS"]), traffic={"timeout": 60}, logging=access_log)
class Model:
    def __init__(self):
        options = ort.SessionOptions()
        options.intra_op_num_threads = int(os.environ["THREADS"])
        self.session = ort.InferenceSession(os.environ["MODEL_FILE"], options)

    @bentoml.api(**batching)
    def predict(self, data: np.ndarray) -> np.ndarray:
        return self.session.run(None, {"x": data.astype(np.float32)})[0]

    @bentoml.api
    def predict_image(self, data: Path, /) -> bytes:
        x = np.frombuffer(data.read_bytes(), dtype=np.float32).reshape(1, 3, 224, 224)
        return self.session.run(None, {"x": x})[0].tobytes()

    @bentoml.api(**batching)
    def embed(self, sentences: list[list[int]]) -> np.ndarray:
        longest = max(len(ids) for ids in sentences)
        ids = np.array([sentence + [0] * (longest - len(sentence)) for sentence in sentences], dtype=np.int64)
        mask = np.array([[1] * len(sentence) + [0] * (longest - len(sentence)) for sentence in sentences], dtype=np.int64)
        return self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
