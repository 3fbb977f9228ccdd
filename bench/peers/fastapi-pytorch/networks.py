"""The bench's networks in PyTorch, with the weights of its ONNX files: see bench/src/models."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def load_network(name: str, weights: str) -> nn.Module:
    """`weights`: float32 in the order of the state dict, matrices of linear layers as [in, out]."""
    network = {"mlp": mlp, "identity": nn.Identity, "resnet18": ResNet18, "encoder": Encoder}[name]()
    linear = {f"{path}.weight" for path, module in network.named_modules() if isinstance(module, nn.Linear)}
    values = torch.from_numpy(np.fromfile(weights, dtype=np.float32))
    with torch.no_grad():
        for path, tensor in network.state_dict().items():
            if not tensor.is_floating_point():
                continue
            part, values = values[: tensor.numel()], values[tensor.numel() :]
            tensor.copy_(part.view(tensor.T.shape).T if path in linear else part.view(tensor.shape))
    assert len(values) == 0, f"{weights} has {len(values)} values too many"
    return network


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


class Block(nn.Module):
    def __init__(self, width_in: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Identity()
        if width_in != width:
            self.shortcut = nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        widths = [64, 64, 128, 256, 512]
        self.blocks = nn.Sequential(
            *(
                block
                for before, width in zip(widths, widths[1:])
                for block in (Block(before, width, 1 if before == width else 2), Block(width, width, 1))
            )
        )
        self.fc = nn.Linear(512, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.fc(self.blocks(x).mean((2, 3)))


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width)
        self.up = nn.Linear(width, inner)
        self.down = nn.Linear(inner, width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x, mask):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.norm1(x + self.out(attended.transpose(1, 2).flatten(2)))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Encoder(nn.Module):
    def __init__(self, vocabulary=30522, positions=512, width=384, heads=12, inner=1536, layers=6):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(positions, width)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(width, heads, inner) for _ in range(layers))

    def forward(self, ids, mask):
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x, mask[:, None, None, :].bool())
        weight = mask[:, :, None].float()
        return (x * weight).sum(1) / weight.sum(1)
