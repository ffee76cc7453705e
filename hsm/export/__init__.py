"""A trained embedding for those who use it: a SavedModel with its model card."""

from hsm.export.model_card import RunFacts
from hsm.export.saved_model import SIGNATURES, export_saved_model

__all__ = ["SIGNATURES", "RunFacts", "export_saved_model"]
