"""Load weights into a model and save them: strict, with a report, and all or nothing."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stvit.config import STViTConfig
from stvit.error_text import counted
from stvit.foreign_text import plain, quoted
from stvit.model import STViT
from stvit.variants import get_config
from stvit.weights.checks import NamedState, check_fit, converted, differing_settings, with_our_names
from stvit.weights.content import Content, read_content
from stvit.weights.errors import WeightsError
from stvit.weights.files import WeightsFile, from_mapping, parse_weights, read_weights, write_weights
from stvit.weights.imagenet import CLASSES, imagenet_class_names
from stvit.weights.load_report import LoadReport
from stvit.weights.outline import classes_of_state, outline_of_config, outline_of_state

DIGEST_LENGTH = 16
"""Hexadecimal digits of a model's digest."""

TRIAL = 64
"""Side in px of the picture that a loaded model is tried on."""

STORED_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""Types in which `save_weights` can store floats."""


def load_weights(model: STViT, path_or_state_dict: str | os.PathLike[str] | Mapping[Any, Any]) -> LoadReport:
    """Load weights into a model: all of them, or none.

    Everything is checked before the first number is copied, so the model is unchanged if this raises. Half
    precision is converted to the model's type. The model's class names change only if the source states some.

    Args:
        model: The model to fill.
        path_or_state_dict: A .safetensors, .pth or .pt file, or a mapping of names to tensors; with this
            project's key names or those of the released checkpoints, also inside a training checkpoint under one of
            the usual names ("model", "state_dict", "model_ema", ...) and with the prefixes of usual wrappers; the
            report says what was taken where several could be. An index of shards works too. No file is trusted: what
            would run code is refused.

    Raises:
        WeightsError: If the file cannot be used, or if a key is missing, unexpected or of another shape; the
            attributes of the error list them all.
        TypeError: If the source is neither a path nor a mapping.

    Example:
        >>> from stvit import create_model
        >>> source, model = create_model("stvit_demo", seed=0), create_model("stvit_demo", seed=1)
        >>> load_weights(model, source.state_dict()).num_classes
        10
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
    return model_and_report(path)[0]


def model_and_report(source: str | os.PathLike[str] | Content) -> tuple[STViT, LoadReport]:
    """Build the model that a file holds, load it, and say what was loaded; see `model_from_file`.

    Args:
        source: A file, or its bytes as `read_content` returns them.
    """
    return model_of(parse_weights(source if isinstance(source, Content) else read_content(source)))


def model_of(file: WeightsFile, config: STViTConfig | None = None, strict: bool = True) -> tuple[STViT, LoadReport]:
    """Build the model for weights already read, and load it; see `model_from_file`.

    Args:
        file: The weights.
        config: The settings; None for those that the file states or shows.
        strict: Whether every weight must be there; otherwise missing ones keep their random initial values and
            unknown ones are ignored.
    """
    named = with_our_names(file.state)
    config = config or file.config or _published_config(file, named)
    _check_depth(file, config)
    if strict:
        with torch.device("meta"):
            model = STViT(config)
    else:
        model = STViT(config)
        state = {key: named.state.get(key, value) for key, value in model.state_dict().items()}
        named = replace(named, state=state, repeated=())
    report = _load(model, file, named)
    if model.class_names is None and named.released and model.config.num_classes == CLASSES:
        model.class_names = imagenet_class_names()  # released checkpoints of 1,000 classes are ImageNet-1k's
    return try_out(model.eval(), file.source), report


def try_out(model: STViT, source: str) -> STViT:
    """Return the model if its output for a small picture is finite.

    Weights that are each finite can still overflow together, and then everything measured with them is NaN.

    Raises:
        WeightsError: If the output holds NaN or infinity.
    """
    channels = model.config.in_channels
    weight = next(model.parameters())
    pixels = torch.linspace(-2, 2, channels * TRIAL**2, dtype=weight.dtype, device=weight.device)
    with torch.no_grad():
        answer = model(pixels.reshape(1, channels, TRIAL, TRIAL))
    if not torch.isfinite(answer).all():
        raise WeightsError(
            f"{source} holds weights that overflow: the answer to a plain picture is NaN or infinity; the training "
            "that made it diverged or the file is damaged, use another one."
        )
    return model


def model_digest(model: STViT) -> str:
    """Return a short sha256 over all that a model's output depends on: config, class names, parameters, buffers."""
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
            f"{file.source} lists {counted(len(file.class_names), 'class name')} for "
            f"{counted(model.config.num_classes, 'class', 'classes')}; repair its metadata."
        )
    tensors = converted(named, expected, file.source)
    empty = any(value.is_meta for value in expected.values())
    if empty:  # Tensors are taken over then; they must be the model's own.
        tensors = {key: value.clone(memory_format=torch.contiguous_format) for key, value in tensors.items()}
    model.load_state_dict(tensors, assign=empty)
    if file.class_names is not None:
        model.class_names = file.class_names
    return LoadReport(
        source=file.source,
        variant=outline_of_config(model.config).variant,
        num_classes=model.config.num_classes,
        tensors=len(tensors),
        released_names=named.released,
        dtype=_common_dtype(named.state),
        constants=named.constants,
        class_names=file.class_names,
        settings=settings,
        notes=file.notes,
        sha256=file.sha256,
    )


def _check_depth(file: WeightsFile, config: STViTConfig) -> None:
    """Refuse settings of more blocks than there are tensors, before any block is built."""
    if sum(config.depths) > len(file.state):
        raise WeightsError(
            f"{file.source} states {sum(config.depths)} blocks but holds {counted(len(file.state), 'tensor')}; it is "
            "damaged."
        )


def _published_config(file: WeightsFile, named: NamedState) -> STViTConfig:
    """Return the settings of the published size that the shapes show."""
    outline = outline_of_state(named.state)
    if outline is None:
        first = next(iter(file.state))
        raise WeightsError(f"{file.source} holds no STViT weights; its keys begin with {quoted(first)}.")
    if outline.variant is None:
        raise WeightsError(
            f"{file.source} holds an STViT of no published size (embed_dims {outline.embed_dims}, depths "
            f"{outline.depths}) and does not state its config; build STViT(config) and use `load_weights`."
        )
    try:
        return get_config(outline.variant, num_classes=classes_of_state(named.state))
    except ValueError as error:
        raise WeightsError(f"{file.source} shows settings that no model can have: {plain(error, 300)}") from error


def _cast(key: str, value: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Return a tensor to store, converted to another type if it holds floats."""
    if dtype is not None and value.is_floating_point():
        value = value.to(dtype)
    if not torch.isfinite(value).all():
        raise WeightsError(f"{key!r} holds NaN or infinity as {value.dtype}; repair the model or store another type.")
    return value


def _common_dtype(state: Mapping[str, Tensor]) -> str:
    """Return the number type of most tensors."""
    names = [str(value.dtype).removeprefix("torch.") for value in state.values()]
    return max(set(names), key=names.count)
