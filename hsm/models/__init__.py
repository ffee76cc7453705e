"""Backbones, and the embedding models of the methods SM, LN and BN on top of them."""

from __future__ import annotations

from hsm.models.backbones import build_backbone
from hsm.models.convnet import ConvNet
from hsm.models.embedding import EmbeddingModel
from hsm.models.googlenet import GoogLeNet
from hsm.models.inception_v1 import InceptionV1
from hsm.models.lenet import LeNet

__all__ = ["ConvNet", "EmbeddingModel", "GoogLeNet", "InceptionV1", "LeNet", "build_backbone"]
