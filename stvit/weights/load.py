"""Weights into a model and out of it: strict, with a report, and never half."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stvit.atomic_files import file_digest
from stvit.config import STViTConfig, get_config
from stvit.model import STViT
from stvit.weights.checks import NamedState, check_fit, converted, differing_settings, with_our_names
from stvit.weights.errors import WeightsError, WeightsNotFoundError
from stvit.weights.files import WeightsFile, from_mapping, read_weights, write_weights
from stvit.weights.imagenet import CLASSES, imagenet_class_names
from stvit.weights.outline import classes_of_state, outline_of_config, outline_of_state

__all__ = [
    "LoadReport",
    "WeightsError",
    "WeightsNotFoundError",
    "file_digest",
    "load_weights",
    "model_digest",
    "model_from_file",
    "save_weights",
]

DIGEST_LENGTH = 16
STORED_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True)
class LoadReport:
    """What was loaded; nothing was missing or left over, otherwise there would be no report.

    Attributes:
        source: The file or mapping, as a sentence names it.
        variant: Name of the known size that the model is, else None.
        num_classes: Classes of the model.
        tensors: Number of tensors copied.
        released_names: Whether the source uses the key names of the released checkpoints.
        dtype: Number type of most tensors in the source, such as "float16".
        constants: Keys left aside because they hold nothing learned.
        class_names: Names of the classes that the source states, else None.
        settings: Settings that the source states otherwise than the model although the shapes agree (cells,
            num_iters): the value in the source and in the model.
    """

    source: str
    variant: str | None
    num_classes: int
    tensors: int
    released_names: bool
    dtype: str
    constants: tuple[str, ...] = ()
    class_names: tuple[str, ...] | None = None
    settings: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Describe the load in one sentence."""
        names = "released" if self.released_names else "this project's"
        other = "".join(f", {name} {file} replaced by {model}" for name, (file, model) in self.settings.items())
        return (
            f"Loaded {self.tensors} tensors ({self.dtype}, {names} key names) from {self.source} into "
            f"{self.variant or 'a model of other settings'} with {self.num_classes} classes{other}."
        )


def load_weights(model: STViT, path_or_state_dict: str | os.PathLike[str] | Mapping[Any, Any]) -> LoadReport:
    """Load weights into a model: all of them, or none.

    Everything is checked before the first number is copied, so the model is unchanged if this raises. Half
    precision is converted to the model's type. The model's class names change only if the source states some.

    Args:
        model: The model to fill.
        path_or_state_dict: A .safetensors, .pth or .pt file, or a mapping of names to tensors; with this
            project's key names or those of the released checkpoints, also inside a training checkpoint under
            "model", "state_dict" or "model_ema". No file is trusted: what would run code is refused.

    Raises:
        WeightsError: If the file cannot be used, or if a key is missing, unexpected or of another shape; the
            attributes of the error list them all.
        TypeError: If the source is neither a path nor a mapping.
    """
    if isinstance(path_or_state_dict, Mapping):
        file = from_mapping(path_or_state_dict, "The state dict")
    elif isinstance(path_or_state_dict, str | os.PathLike):
        file = read_weights(path_or_state_dict)
    else:
        raise TypeError(
            f"Weights can be a path or a mapping of names to tensors, got {type(path_or_state_dict).__name__}."
        )
    return _load(model, file, with_our_names(file.state))


def save_weights(model: STViT, path: str | os.PathLike[str], dtype: torch.dtype | None = None) -> None:
    """Write a model as safetensors with its config and class names; complete or not at all.

    Args:
        model: The model.
        path: Where to write; the name must end in .safetensors and the directory must exist.
        dtype: Type to store floats in, such as torch.float16 for half the size; None keeps theirs.

    Raises:
        WeightsError: If the path is not usable, or if a value is too large for `dtype`.
    """
    path = Path(path)
    if dtype is not None and dtype not in STORED_TYPES:
        raise WeightsError(f"Weights can be stored as {', '.join(map(str, STORED_TYPES))}, got {dtype}.")
    if path.suffix != ".safetensors":
        raise WeightsError(f"Weights are written as safetensors, got {path.name!r}; let the name end in .safetensors.")
    if not path.parent.is_dir():
        raise WeightsError(f"There is no directory {str(path.parent)!r} to write {path.name!r} into; make it first.")
    state = {key: _cast(key, value, dtype) for key, value in model.state_dict().items()}
    write_weights(path, state, model.config, model.class_names)


def model_from_file(path: str | os.PathLike[str]) -> STViT:
    """Build the model that a file holds and load it.

    The settings come from the file's metadata where it has them (`save_weights`), otherwise from the published
    size that the shapes show.

    Args:
        path: A file that `load_weights` accepts.

    Returns:
        The model in eval mode, with class names where the file states them, or where it is a released checkpoint
        of ImageNet-1k.

    Raises:
        WeightsError: If the file cannot be used, or shows no published size and states no config.
    """
    file = read_weights(path)
    named = with_our_names(file.state)
    model = _empty_model(file, named)
    _load(model, file, named)
    if model.class_names is None and named.released and model.config.num_classes == CLASSES:
        model.class_names = imagenet_class_names()  # released checkpoints of 1,000 classes are ImageNet-1k's
    return model.eval()


def model_digest(model: STViT) -> str:
    """Return a short sha256 over all that a model's answers depend on: config, class names, parameters, buffers."""
    digest = hashlib.sha256(f"{model.config} {model.class_names}\n".encode())
    for key, value in model.state_dict().items():
        digest.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode())
        # One dimension at least: a single number has no bytes to view.
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:DIGEST_LENGTH]


def _load(model: STViT, file: WeightsFile, named: NamedState) -> LoadReport:
    expected = model.state_dict()
    check_fit(named, expected, model.config, file.source)
    settings = differing_settings(file.config, model.config, file.source)
    if file.class_names is not None and len(file.class_names) != model.config.num_classes:
        raise WeightsError(
            f"{file.source} lists {len(file.class_names)} class names for {model.config.num_classes} classes; repair "
            "its metadata."
        )
    tensors = converted(named, expected, file.source)
    empty = any(value.is_meta for value in expected.values())
    if empty:  # Tensors are taken over then; they must be the model's own.
        tensors = {key: value.clone(memory_format=torch.contiguous_format) for key, value in tensors.items()}
    model.load_state_dict(tensors, assign=empty)
    if file.class_names is not None:
        model.class_names = file.class_names
    return LoadReport(
        file.source,
        outline_of_config(model.config).variant,
        model.config.num_classes,
        len(tensors),
        named.released,
        _common_dtype(named.state),
        named.constants,
        file.class_names,
        settings,
    )


def _empty_model(file: WeightsFile, named: NamedState) -> STViT:
    """Return the model that a file describes, without memory for its weights."""
    config = file.config or _published_config(file, named)
    if sum(config.depths) > len(file.state):
        raise WeightsError(
            f"{file.source} states {sum(config.depths)} blocks but holds {len(file.state)} tensors; it is damaged."
        )
    try:
        with torch.device("meta"):
            return STViT(config)
    except (ValueError, TypeError, ArithmeticError, RuntimeError) as error:
        reason = next(iter(str(error).splitlines()), "").rstrip(".:")  # PyTorch adds signatures and traces below.
        raise WeightsError(f"{file.source} states settings that no model can have: {reason}.") from error


def _published_config(file: WeightsFile, named: NamedState) -> STViTConfig:
    """Return the settings of the published size that the shapes show."""
    outline = outline_of_state(named.state)
    if outline is None:
        first = next(iter(file.state))
        raise WeightsError(f"{file.source} holds no STViT weights; its keys begin with {first!r}.")
    if outline.variant is None:
        raise WeightsError(
            f"{file.source} holds an STViT of no published size (embed_dims {outline.embed_dims}, depths "
            f"{outline.depths}) and does not state its config; build STViT(config) and use `load_weights`."
        )
    return get_config(outline.variant, num_classes=classes_of_state(named.state))


def _cast(key: str, value: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Return a tensor to store, in another type if it is one of floats."""
    if dtype is not None and value.is_floating_point():
        value = value.to(dtype)
    if not torch.isfinite(value).all():
        raise WeightsError(f"{key!r} holds NaN or infinity as {value.dtype}; repair the model or store another type.")
    return value


def _common_dtype(state: Mapping[str, Tensor]) -> str:
    """Return the number type of most tensors."""
    names = [str(value.dtype).removeprefix("torch.") for value in state.values()]
    return max(set(names), key=names.count)
