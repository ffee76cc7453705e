"""What trained embeddings look like: gradients against alpha (Figure 1), similarities (Figure 4).

NumPy in, NumPy out, in float64.
"""

from __future__ import annotations

from hsm.analysis.gradients import (
    GradientNorms,
    SoftmaxClassifier,
    gradient_before_normalization,
    gradient_norms_against_alpha,
)
from hsm.analysis.similarity import CosineHistograms, cosine_histograms, density_overlap

__all__ = [
    "CosineHistograms",
    "GradientNorms",
    "SoftmaxClassifier",
    "cosine_histograms",
    "density_overlap",
    "gradient_before_normalization",
    "gradient_norms_against_alpha",
]
