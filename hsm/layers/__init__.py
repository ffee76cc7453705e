"""Keras layers of the paper, and those that GoogLeNet needs as Caffe computes them."""

from __future__ import annotations

from hsm.layers.bgr_pixels import BGRPixels
from hsm.layers.ceil_max_pooling import CeilMaxPooling2D
from hsm.layers.example_dropout import ExampleDropout
from hsm.layers.l2_normalize import L2Normalize
from hsm.layers.local_response_normalization import LocalResponseNormalization
from hsm.layers.proxies import Proxies
from hsm.layers.scaleless_batch_norm import ScalelessBatchNorm
from hsm.layers.temperature_softmax_dense import TemperatureSoftmaxDense
from hsm.layers.unbiased_batch_norm import UnbiasedBatchNormalization

__all__ = [
    "BGRPixels",
    "CeilMaxPooling2D",
    "ExampleDropout",
    "L2Normalize",
    "LocalResponseNormalization",
    "Proxies",
    "ScalelessBatchNorm",
    "TemperatureSoftmaxDense",
    "UnbiasedBatchNormalization",
]
