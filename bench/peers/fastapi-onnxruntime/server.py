"""FastAPI with ONNX Runtime: the program that tutorials show, one row at a time, run on the event loop."""

import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

options = ort.SessionOptions()
options.intra_op_num_threads = int(os.environ["THREADS"])
session = ort.InferenceSession(os.environ["MODEL_FILE"], options)
app = FastAPI()


class Features(BaseModel):
    data: list[float]


class Tokens(BaseModel):
    ids: list[int]


@app.post("/predict")
async def predict(features: Features):
    x = np.array([features.data], dtype=np.float32)
    return {"output": session.run(None, {"x": x})[0][0].tolist()}


@app.post("/predict-image")
async def predict_image(request: Request):
    x = np.frombuffer(await request.body(), dtype=np.float32).reshape(1, 3, 224, 224)
    y = session.run(None, {"x": x})[0]
    return Response(y.tobytes(), media_type="application/octet-stream")


@app.post("/embed")
async def embed(tokens: Tokens):
    ids = np.array([tokens.ids], dtype=np.int64)
    vector = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
    return {"output": vector.tolist()}
