"""FastAPI with PyTorch: the program that every tutorial shows, one row at a time, run on the event loop."""

import os

import torch
from fastapi import FastAPI, Request, Response
from networks import load_network
from pydantic import BaseModel

torch.set_num_threads(int(os.environ["THREADS"]))
model = load_network(os.environ["MODEL"], os.environ["MODEL_WEIGHTS"]).eval()
app = FastAPI()


class Features(BaseModel):
    data: list[float]


class Tokens(BaseModel):
    ids: list[int]


@app.post("/predict")
async def predict(features: Features):
    with torch.inference_mode():
        y = model(torch.tensor([features.data]))
    return {"output": y[0].tolist()}


@app.post("/predict-image")
async def predict_image(request: Request):
    x = torch.frombuffer(bytearray(await request.body()), dtype=torch.float32).view(1, 3, 224, 224)
    with torch.inference_mode():
        y = model(x)
    return Response(y.numpy().tobytes(), media_type="application/octet-stream")


@app.post("/embed")
async def embed(tokens: Tokens):
    ids = torch.tensor([tokens.ids])
    with torch.inference_mode():
        vector = model(ids, torch.ones_like(ids))
    return {"output": vector[0].tolist()}
