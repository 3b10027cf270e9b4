"""From a folder, or a repository that the user asks for, to a backbone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from analysis.backbones.backbone import Backbone
from analysis.backbones.families import FAMILIES, Family
from analysis.backbones.files import WANTED, found_folder, read_config
from analysis.backbones.preprocessing import FILE, Preprocessing
from stvit.error_text import listed, sentence
from stvit.foreign_text import plain


def load_backbone(source: str | os.PathLike[str], *, download: bool = False) -> Backbone:
    """Load a ViT, DeiT, DINOv2 (with or without registers), Swin or Swin v2 as transformers saves it.

    Only weights in safetensors are read, and no code of a repository is run. Nothing is downloaded unless
    `download=True`.

    Args:
        source: A folder with config.json, model.safetensors and preprocessor_config.json (which only
            `Backbone.prepare` needs); or the name of a repository of the Hugging Face Hub.
        download: Whether a repository may be downloaded; without it only what was downloaded before is used.

    Returns:
        The backbone on the CPU, in single precision and evaluation mode.

    Raises:
        FileNotFoundError: If a folder or file is missing; the message says which files go where.
        ImportError: If transformers is not installed.
        ValueError: If the model is of another family, or its files do not fit together.
    """
    folder = found_folder(Path(source) if isinstance(source, os.PathLike) else source, download)
    config = read_config(folder)
    family = _family(config, folder)
    model = _model(folder, family, config)
    return Backbone(model, family, _preprocessing(folder))


def _family(config: dict[str, Any], folder: Path) -> Family:
    name = str(config.get("model_type"))
    if name not in FAMILIES:
        raise ValueError(
            f"{plain(folder, 200)} holds a model of type {plain(name)}; backbones are of type {', '.join(FAMILIES)}."
        )
    return FAMILIES[name]


def _model(folder: Path, family: Family, config: dict[str, Any]) -> Any:
    """Return the network with its classifier where the files have one, with eager attention."""
    library = _transformers()
    name = _class_name(family, config.get("architectures"))
    without_pooler = {"add_pooling_layer": False} if name == family.model and not name.startswith("Dinov2") else {}
    try:
        with _quiet(library):
            model, report = getattr(library, name).from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                attn_implementation="eager",
                dtype=torch.float32,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are refused below, by name
                **without_pooler,
            )
    except Exception as error:  # transformers and safetensors raise whatever comes
        raise ValueError(f"{plain(folder, 200)} cannot be loaded as {name}: {sentence(error)}") from error
    wrong = sorted({*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])})
    if wrong:
        raise ValueError(
            f"The weights in {plain(folder, 200)} do not fit its config.json: {listed(wrong)} are missing or of "
            f"another shape; take {WANTED} from the same model."
        )
    return model.eval().requires_grad_(False)


def _class_name(family: Family, saved_as: Any) -> str:
    """Return the class that the files were saved from if it classifies, else that of the network alone."""
    first = saved_as[0] if isinstance(saved_as, list) and saved_as else None
    return first if first in family.classifiers else family.model


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise ImportError(
            "Backbones need the library transformers; install it with `pip install transformers`."
        ) from error
    return transformers


@contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """Silence the library's reports and progress bars: what matters is checked and reported here."""
    logging = library.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _preprocessing(folder: Path) -> Preprocessing | str:
    """Return how pictures are prepared, or the sentence that says why this is unknown."""
    if not (folder / FILE).is_file():
        return f"{plain(folder, 200)} holds no {FILE}, so it is unknown how pictures must be prepared; put it there."
    return Preprocessing.read(folder / FILE)
