"""A small model to serve."""

from __future__ import annotations

import keras

from hsm.models import EmbeddingModel, build_backbone


def small_model(seed=0):
    keras.utils.set_random_seed(seed)
    backbone = build_backbone("convnet", 28, seed=seed)
    return EmbeddingModel(backbone, "LN", num_classes=5, embedding_dim=16, seed=seed)
