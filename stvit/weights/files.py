"""Files of weights: told apart by their first bytes, read safely, written atomically.

The project's own format is safetensors with three metadata entries: "format" ("pt"), "config" (JSON of the fields
of `STViTConfig`) and, where known, "class_names" (JSON list).
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from stvit.atomic_files import write_atomically
from stvit.config import STViTConfig
from stvit.weights.errors import WeightsError, WeightsNotFoundError
from stvit.weights.torch_files import read_torch_file

_WRAPPERS = ("averaged", "model", "state_dict", "model_ema")
"""Where training scripts keep the state dict, in the order of preference; the released files use "model", the runs of
`training/` have averaged weights beside those, and it is the averaged ones that are evaluated and exported."""

_PREFIXES = ("module.", "_orig_mod.")
"""What data-parallel and compiled models put before every key."""

_HTML_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml")
_DEEPEST = 3


@dataclass(frozen=True)
class WeightsFile:
    """What a source of weights holds.

    Attributes:
        source: How a sentence names it, for example "'small.pth'".
        state: Tensors under the key names of the file.
        config: The settings that the file states, else None.
        class_names: The names of the classes that the file states, else None.
    """

    source: str
    state: dict[str, Tensor]
    config: STViTConfig | None = None
    class_names: tuple[str, ...] | None = None


def read_weights(path: str | os.PathLike[str]) -> WeightsFile:
    """Read a file of weights; the content decides about its format, not the name.

    Args:
        path: safetensors, or what `torch.save` wrote.

    Raises:
        WeightsNotFoundError: If there is no such file.
        WeightsError: In one sentence, why it cannot be used: a directory, empty, a web page, truncated, no
            weights, or code that would run (it has not).
    """
    path = Path(path)
    start = _first_bytes(path)
    if _looks_like_safetensors(start):
        return read_safetensors(path)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML_STARTS):
        raise WeightsError(
            f"{path.name!r} is a web page, not weights: Google Drive sends one when too many people have "
            "downloaded the file; open the link in a browser, or try again tomorrow."
        )
    if start.startswith(b"version https://git-lfs"):
        raise WeightsError(f"{path.name!r} is only a pointer of Git LFS; fetch the file itself with `git lfs pull`.")
    if path.suffix == ".safetensors" and not start.startswith((b"PK", b"\x80")):
        raise WeightsError(f"{path.name!r} is truncated, damaged or not safetensors; download or copy it again.")
    return from_mapping(read_torch_file(path), repr(path.name))


def from_mapping(content: Any, source: str) -> WeightsFile:
    """Return the state dict in a checkpoint, out of its wrappers and without prefixes of training wrappers.

    Raises:
        WeightsError: If there is none, or if an entry is no tensor.
    """
    for _ in range(_DEEPEST):
        if not isinstance(content, Mapping):
            raise WeightsError(f"{source} holds a {type(content).__name__}; expected a mapping of names to tensors.")
        inner = (content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping))
        content = next(inner, content)
    if not content:
        raise WeightsError(f"{source} holds no tensors.")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"{source} holds a {type(value).__name__} under {key!r}; expected a mapping of names to tensors."
            )
    return WeightsFile(source, _without_prefixes(content))


def read_safetensors(path: Path) -> WeightsFile:
    """Read a safetensors file with its config and class names, where it has them.

    Raises:
        WeightsError: If it is truncated or damaged, or if its metadata make no sense.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except Exception as error:  # The reader has several kinds of errors for damaged bytes.
        raise WeightsError(f"{path.name!r} is truncated or damaged; download or copy it again.") from error
    found = from_mapping(state, repr(path.name))
    try:
        config, names = _description(metadata)
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path.name!r} has metadata that make no sense: {str(error).rstrip('.')}.") from error
    return WeightsFile(found.source, found.state, config, names)


def write_weights(
    path: Path, state: Mapping[str, Tensor], config: STViTConfig, class_names: Sequence[str] | None = None
) -> None:
    """Write safetensors with config and class names; the same input gives the same bytes.

    The file appears under its name only when it is complete: an interrupted write leaves what was there before.
    """
    metadata = {"format": "pt", "config": json.dumps(asdict(config))}
    if class_names is not None:
        metadata["class_names"] = json.dumps(list(class_names), ensure_ascii=False)
    tensors = {key: value.detach().cpu().clone(memory_format=torch.contiguous_format) for key, value in state.items()}
    header, body = _ordered(save(tensors, metadata=metadata))
    write_atomically(path, lambda file: file.writelines((header, body)))


def _first_bytes(path: Path) -> bytes:
    """Return the start of a regular file that is not empty."""
    if path.is_dir():
        hint = f"; load it with `STViT.from_pretrained({str(path)!r})`" if (path / "config.json").is_file() else ""
        raise WeightsError(f"{str(path)!r} is a directory, expected a file of weights{hint}.")
    if not path.exists():
        raise WeightsNotFoundError(f"There is no file {str(path)!r}; check the path.")
    if not path.is_file():
        raise WeightsError(f"{str(path)!r} is no regular file, expected a file of weights.")
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise WeightsError(f"{path.name!r} cannot be read: {error.strerror}.") from error
    if not start:
        raise WeightsError(f"{path.name!r} is empty; download or copy it again.")
    return start


def _looks_like_safetensors(start: bytes) -> bool:
    """Return whether a header in JSON follows 8 bytes that could be its length."""
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 1 << 27


def _description(metadata: Mapping[str, str]) -> tuple[STViTConfig | None, tuple[str, ...] | None]:
    """Return config and class names out of the metadata of a safetensors file."""
    config = names = None
    if "config" in metadata:
        values = json.loads(metadata["config"])
        if not isinstance(values, dict):
            raise ValueError(f"config is a {type(values).__name__}, expected an object")
        config = STViTConfig.from_dict(values)
    if "class_names" in metadata:
        names = json.loads(metadata["class_names"])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("class_names is no list of names")
    return config, None if names is None else tuple(names)


def _without_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Drop prefixes that every key has, and the step counter of an averaged model beside them."""
    plain = dict(state)
    for prefix in _PREFIXES * 2:
        inner = {key: value for key, value in plain.items() if key != "n_averaged"}
        if inner and all(key.startswith(prefix) for key in inner):
            plain = {key.removeprefix(prefix): value for key, value in inner.items()}
    return plain


def _ordered(data: bytes) -> tuple[bytes, memoryview]:
    """Split safetensors into header and body, with the header's entries sorted.

    The library writes metadata in a random order, which would give equal weights different digests.
    """
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # The format wants tensors aligned to 8 bytes.
    return len(header).to_bytes(8, "little") + header, memoryview(data)[8 + length :]
