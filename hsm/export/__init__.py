"""A trained embedding for those who use it: a SavedModel, and other formats, with a model card."""

from hsm.export.description import embedding_variables, image_size
from hsm.export.formats import FORMATS, export_format, load_format
from hsm.export.model_card import RunFacts
from hsm.export.saved_model import SIGNATURES, export_saved_model

__all__ = [
    "FORMATS",
    "SIGNATURES",
    "RunFacts",
    "embedding_variables",
    "export_format",
    "export_saved_model",
    "image_size",
    "load_format",
]
