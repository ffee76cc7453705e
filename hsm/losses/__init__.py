"""Losses, one a file: the paper's, and those of the systems that it compares with."""

from __future__ import annotations

from hsm.losses.cross_entropy import cross_entropy
from hsm.losses.deep_spectral_clustering import DeepSpectralClustering
from hsm.losses.facility_location import FacilityLocation
from hsm.losses.fashionnet import AttributeCrossEntropy, LandmarkRegression, TripletMargin
from hsm.losses.hard_aware_contrastive import HardAwareContrastive
from hsm.losses.lifted_structure import LiftedStructure
from hsm.losses.proxy_nca import ProxyNCA
from hsm.losses.triplet_ratio import TripletRatio
from hsm.losses.triplet_semi_hard import TripletSemiHard

__all__ = [
    "AttributeCrossEntropy",
    "DeepSpectralClustering",
    "FacilityLocation",
    "HardAwareContrastive",
    "LandmarkRegression",
    "LiftedStructure",
    "ProxyNCA",
    "TripletMargin",
    "TripletRatio",
    "TripletSemiHard",
    "cross_entropy",
]
