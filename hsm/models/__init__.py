"""Backbones, and the embedding models of the methods SM, LN and BN on top of them."""

from __future__ import annotations

from hsm.models.backbones import build_backbone
from hsm.models.convnet import ConvNet
from hsm.models.embedding import EmbeddingModel
from hsm.models.googlenet import GoogLeNet
from hsm.models.head import HeadOptions
from hsm.models.inception_v1 import InceptionV1
from hsm.models.lenet import LeNet
from hsm.models.unbiased import with_unbiased_variance

__all__ = [
    "ConvNet",
    "EmbeddingModel",
    "GoogLeNet",
    "HeadOptions",
    "InceptionV1",
    "LeNet",
    "build_backbone",
    "with_unbiased_variance",
]
