"""Weights: read once and without running code, checked, translated, loaded, written."""

from stvit.weights.errors import WeightsError, WeightsNotFoundError
from stvit.weights.files import read_checkpoint
from stvit.weights.load import (
    load_weights,
    model_and_report,
    model_digest,
    model_from_file,
    save_weights,
)
from stvit.weights.load_report import LoadReport
from stvit.weights.pretrained import list_pretrained, load_pretrained

__all__ = [
    "LoadReport",
    "WeightsError",
    "WeightsNotFoundError",
    "list_pretrained",
    "load_pretrained",
    "load_weights",
    "model_and_report",
    "model_digest",
    "model_from_file",
    "read_checkpoint",
    "save_weights",
]
