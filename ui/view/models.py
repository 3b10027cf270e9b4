"""Models for the app: built once, shared by all sessions, never changed."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from analysis.backbones import load_backbone
from analysis.backbones.files import found_folder, may_be_repository
from stvit import STViTConfig, create_model
from stvit.error_text import sentence
from stvit.foreign_text import plain
from stvit.variants import VARIANTS
from stvit.weights.content import Content
from stvit.weights.load import model_and_report, model_digest
from stvit.weights.pretrained import list_pretrained, pretrained_and_report
from ui.view.view import ModelHandle

RANDOM = "random"
UPLOAD = "upload"


def weight_choices(variant: str) -> dict[str, str]:
    """Return the weights available here for a variant, key to label: those found first, then random, then uploaded.

    The labels also appear in addresses, so they are short and the same on every machine.
    """
    found = {entry.name: entry.name for entry in list_pretrained() if entry.variant == variant and entry.available}
    return found | {RANDOM: "random", UPLOAD: "from a file"}


@st.cache_resource(max_entries=4, show_spinner="Building the model ...")
def random_model(variant: str) -> ModelHandle:
    """Return a variant with random weights, the same in every session."""
    model = create_model(variant, seed=0).eval()
    title = f"{VARIANTS[variant].title}, random weights"
    return ModelHandle(model, model_digest(model), title, trained=False, options=("--random", variant))


@st.cache_resource(max_entries=4, show_spinner="Loading the weights ...")
def pretrained_model(name: str) -> ModelHandle:
    """Return a model of the manifest whose file is available here."""
    model, report = pretrained_and_report(name)
    entry = next(entry for entry in list_pretrained() if entry.name == name)
    title = f"{VARIANTS[entry.variant].title}, trained at {entry.resolution} px"
    options = ("--model", name)
    return ModelHandle(model, model_digest(model), title, trained=True, options=options, notes=report.notes)


@st.cache_resource(max_entries=2, show_spinner="Reading the weights ...")
def from_upload(name: str, data: bytes) -> ModelHandle:
    """Return the model in an uploaded file.

    Raises:
        WeightsError: If the file holds no such model.
    """
    content = Content(Path(name), data)
    model, report = model_and_report(content)
    held = variant_of(model.config)
    title = plain(name) if held is None else f"{VARIANTS[held].title}, {plain(name)}"
    return ModelHandle(model, content.sha256, title, trained=True, options=("--weights", name), notes=report.notes)


def variant_of(config: STViTConfig) -> str | None:
    """Return the name of the variant with these settings, whatever the number of classes; None if there is none."""
    same = (name for name, variant in VARIANTS.items() if _one_class(variant.config) == _one_class(config))
    return next(same, None)


def _one_class(config: STViTConfig) -> STViTConfig:
    return replace(config, num_classes=1)


def looks_like_repository(source: str) -> bool:
    """Return whether a text is the name of a repository of the Hugging Face Hub rather than that of a folder here."""
    return not Path(source).exists() and may_be_repository(source)


def backbone_model(source: str, download: bool = False) -> ModelHandle:
    """Return a model of the transformers library.

    Args:
        source: A folder on this machine, or the name of a repository of the Hugging Face Hub.
        download: Whether a repository may be fetched; without it only what was fetched before is used.

    Raises:
        ValueError: If it cannot be used; one sentence that says why.
    """
    try:
        folder = found_folder(source, download)
        return _backbone(str(folder), _signature(folder), source)
    except (OSError, ImportError) as error:
        raise ValueError(sentence(error)) from error


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a file of the folder does, for the cache."""
    files = (path for pattern in ("*.json", "*.safetensors") for path in folder.glob(pattern))
    return tuple(sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@st.cache_resource(max_entries=3, show_spinner="Loading the model ...")
def _backbone(folder: str, signature: tuple[tuple[str, int, int], ...], source: str) -> ModelHandle:
    backbone = load_backbone(folder)
    title = f"{backbone.family.title}, {plain(Path(source).name)}"
    return ModelHandle(backbone, backbone.digest(), title, trained=True, options=("--backbone", folder))
