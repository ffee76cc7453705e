"""Caffe's GoogLeNet with the method BN in PyTorch: what hsm's steps are timed against.

The layers, channels and sizes are those of `hsm.models.GoogLeNet`, which a test compares.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from hsm.models.googlenet import _STAGES


class _Block(nn.Module):
    """An inception block."""

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        one, reduce3, three, reduce5, five, projection = widths
        self.one = _conv(channels, one, 1)
        self.three = nn.Sequential(_conv(channels, reduce3, 1), _conv(reduce3, three, 3))
        self.five = nn.Sequential(_conv(channels, reduce5, 1), _conv(reduce5, five, 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), _conv(channels, projection, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [b, c, h, w] → the branches side by side along the channels."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], dim=1)


class GoogLeNet(nn.Module):
    """RGB images [b, 3, h, w] in 0..255 to pooled features [b, 1024]."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([104.0, 117.0, 123.0]).view(1, 3, 1, 1))
        self.body = nn.Sequential(
            _conv(3, 64, 7, stride=2),
            _pool(),
            nn.LocalResponseNorm(5),
            _conv(64, 64, 1),
            _conv(64, 192, 3),
            nn.LocalResponseNorm(5),
            _pool(),
            *_stages(192),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return float32 [b, 1024] of RGB images."""
        return self.body(x.flip(1) - self.mean).mean(dim=(2, 3))


class BatchNormalizedClassifier(nn.Module):
    """GoogLeNet, bottleneck, batch norm over √k, and the temperature softmax's logits."""

    def __init__(self, dimensions: int, classes: int, alpha: float = 16.0) -> None:
        super().__init__()
        self.backbone = GoogLeNet()
        self.bottleneck = nn.Linear(1024, dimensions, bias=False)
        self.norm = nn.BatchNorm1d(dimensions, eps=1e-3, momentum=0.05)
        self.norm.weight.requires_grad_(False)
        self.kernel = nn.Parameter(torch.randn(classes, dimensions) / dimensions**0.5)
        self.bias = nn.Parameter(torch.zeros(classes))
        self.alpha = alpha

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 [b, k], batch-normalised over √k."""
        pooled = self.backbone(images).float()
        return self.norm(self.bottleneck(pooled)) / self.kernel.shape[1] ** 0.5

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits float32 [b, classes] of RGB images."""
        weights = functional.normalize(self.kernel, dim=1)
        return self.alpha * (self.features(images) @ weights.T + self.bias)


def training_step(
    model: BatchNormalizedClassifier, precision: str, *, compiled: bool = False
) -> Callable[[np.ndarray, np.ndarray], float]:
    """Update with SGD, channels last, autocast in bfloat16; return the loss."""
    model = model.to(memory_format=torch.channels_last).train()
    logits_of = torch.compile(model) if compiled else model
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad], lr=0.004, momentum=0.9
    )

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        with _autocast(precision):
            logits = logits_of(_tensor(images))
        loss = functional.cross_entropy(logits.float(), torch.from_numpy(labels).long())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def embedding_step(
    model: BatchNormalizedClassifier, precision: str, *, compiled: bool = False
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the features, channels last; compiled ones hold the weights as constants."""
    model = model.to(memory_format=torch.channels_last).eval()
    features = torch.compile(model.features, options={"freezing": True}) if compiled else None

    def step(images: np.ndarray) -> np.ndarray:
        # Inductor takes weights as constants under no_grad, and not under inference_mode.
        with torch.no_grad() if compiled else torch.inference_mode(), _autocast(precision):
            return (features or model.features)(_tensor(images)).float().numpy()

    return step


def _tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float()


def _autocast(precision: str) -> contextlib.AbstractContextManager[Any]:
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast("cpu", dtype=torch.bfloat16)


def _conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2), nn.ReLU(inplace=True))


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def _stages(channels: int) -> list[nn.Module]:
    stages: list[nn.Module] = []
    for stage, blocks in _STAGES.items():
        for widths in blocks.values():
            stages.append(_Block(channels, widths))
            channels = widths[0] + widths[2] + widths[4] + widths[5]
        if stage != "pool5":
            stages.append(_pool())
    return stages
