"""Recall@K, R-precision, MAP@R, NMI and bootstrap intervals: NumPy in, NumPy out.

The metrics of section 5.2 of the paper, and two of Musgrave et al. (2020). They take vectors as
they are: whether features are scaled to unit length before they are compared is `hsm.evaluation`'s
business.
"""

from __future__ import annotations

from hsm.former_names import former_names
from hsm.metrics.bootstrap import Interval, paired_bootstrap, paired_bootstrap_of_scores
from hsm.metrics.clustering import cluster, nmi
from hsm.metrics.ranking import mean_average_precision_at_r, r_precision
from hsm.metrics.retrieval import first_positive_ranks, recall_at_k

__getattr__ = former_names(__name__, {"negatives_before_positive": "first_positive_ranks"})

__all__ = [
    "Interval",
    "cluster",
    "first_positive_ranks",
    "mean_average_precision_at_r",
    "nmi",
    "paired_bootstrap",
    "paired_bootstrap_of_scores",
    "r_precision",
    "recall_at_k",
]
