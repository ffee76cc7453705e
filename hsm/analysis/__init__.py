"""What trained embeddings look like: gradients against alpha (Figure 1), similarities (Figure 4).

NumPy in, NumPy out, in float64.
"""

from __future__ import annotations

from hsm.analysis.assignment import GradientAssignment, WeightRole, gradient_assignment
from hsm.analysis.feature_norm import (
    NormCurves,
    gradient_norms_against_norm,
    l2_normalize,
    probabilities_at_norm,
)
from hsm.analysis.gradients import (
    SoftmaxClassifier,
    gradient_before_normalization,
)
from hsm.analysis.intermediate_alpha import AlphaRange, intermediate_alpha
from hsm.analysis.limits import (
    feature_gradient_at_infinite_norm,
    feature_gradient_norms_at_infinity,
    probabilities_at_infinity,
    probabilities_at_zero,
    weight_gradient_norms_at_infinity,
)
from hsm.analysis.margins import hardest_others, margins
from hsm.analysis.orthogonality import norms_after_step, radial_cosines
from hsm.analysis.sample_kinds import SampleKind, centrality, count_kinds, sample_kinds
from hsm.analysis.similarity import CosineHistograms, cosine_histograms, density_overlap
from hsm.former_names import former_names

__getattr__ = former_names(__name__, {"unit_directions": "l2_normalize"})

__all__ = [
    "AlphaRange",
    "CosineHistograms",
    "GradientAssignment",
    "NormCurves",
    "SampleKind",
    "SoftmaxClassifier",
    "WeightRole",
    "centrality",
    "cosine_histograms",
    "count_kinds",
    "density_overlap",
    "feature_gradient_at_infinite_norm",
    "feature_gradient_norms_at_infinity",
    "gradient_assignment",
    "gradient_before_normalization",
    "gradient_norms_against_norm",
    "hardest_others",
    "intermediate_alpha",
    "l2_normalize",
    "margins",
    "norms_after_step",
    "probabilities_at_infinity",
    "probabilities_at_norm",
    "probabilities_at_zero",
    "radial_cosines",
    "sample_kinds",
    "weight_gradient_norms_at_infinity",
]
