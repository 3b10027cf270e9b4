"""Files of weights: told apart by their content, read once and safely, written whole or not at all.

The project's own format is safetensors with three metadata entries: "format" ("pt"), "config" (JSON of the fields
of `STViTConfig`) and, where known, "class_names" (JSON list).
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load, save
from torch import Tensor

from stvit.atomic_files import write_atomically
from stvit.config import STViTConfig
from stvit.foreign_text import plain, quoted
from stvit.weights.content import MAX_BYTES, Content, read_content
from stvit.weights.errors import WeightsError
from stvit.weights.metadata import checked_class_names, description, parse_json
from stvit.weights.stand_ins import kind_of
from stvit.weights.state_dicts import MAX_TENSORS, find_state
from stvit.weights.torch_files import read_torch_file

MAX_HEADER = 1 << 24
"""Bytes that the header of safetensors, or an index of shards, may have."""

MAX_SHARDS = 1000
"""Files that an index of shards may name."""

_HTML_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml")
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SHARD = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<of>\d{5})(?P<kind>\.\w+)")


@dataclass(frozen=True)
class WeightsFile:
    """The contents of a source of weights.

    Attributes:
        source: How a sentence names it, for example "'small.pth'".
        state: Tensors under the key names of the file, without prefixes of wrappers.
        config: The settings that the file states, else None.
        class_names: The names of the classes that the file states, else None.
        notes: Sentences about what was taken from the file and what was ignored.
        sha256: Digest of the bytes that were loaded, None where they came from no file.
    """

    source: str
    state: dict[str, Tensor]
    config: STViTConfig | None = None
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    sha256: str | None = None


class _Parsed(NamedTuple):
    """What one file holds, before the state dict in it is found."""

    tensors: Any
    config: STViTConfig | None = None
    class_names: tuple[str, ...] | None = None


def read_weights(path: str | os.PathLike[str]) -> WeightsFile:
    """Read a file of weights; its format is recognised by its content, not its name.

    Args:
        path: safetensors, what `torch.save` wrote, or the index of shards (`model.safetensors.index.json`).

    Raises:
        WeightsNotFoundError: If there is no such file.
        WeightsError: In one sentence, why it cannot be used: a directory, empty, a web page, truncated, no
            weights, or code that would run (it has not).
    """
    return parse_weights(read_content(path))


def parse_weights(content: Content) -> WeightsFile:
    """Return the weights in the bytes of a file; see `read_weights`."""
    if not _looks_like_safetensors(content.data) and content.data[:64].lstrip(_BLANK)[:1] == b"{":
        return _parse_shards(content)
    if shard := _SHARD.fullmatch(content.path.name):
        index = content.path.with_name(f"{shard['stem']}{shard['kind']}.index.json")
        if int(shard["of"]) > 1 and index.is_file():
            raise WeightsError(f"{content.name} is one part of several; load {quoted(index.name)} instead.")
    return _found(content, _parse_single(content), content.sha256)


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read everything in a file of `torch.save`, such as a run's optimiser and counters; no code in it runs.

    Meant for continuing a run. To get only the weights, use `load_weights` or `model_from_file`, which read any format
    and find the weights inside.

    Args:
        path: What `torch.save` wrote: a mapping of tensors and plain values. Dates, paths and NumPy values inside
            are returned as `StandIn`, without their content.

    Raises:
        WeightsNotFoundError: If there is no such file.
        WeightsError: In one sentence, why it cannot be read.
    """
    content = read_content(path)
    _refuse_other_files(content)
    found = read_torch_file(content)
    if not isinstance(found, dict):
        raise WeightsError(f"{content.name} holds {kind_of(found)}; expected a mapping, as a checkpoint is.")
    return found


def from_mapping(content: Any, source: str) -> WeightsFile:
    """Return the state dict in a checkpoint in memory.

    Raises:
        WeightsError: If there is none, or if an entry is not a tensor.
    """
    found = find_state(content, source, from_file=False)
    return WeightsFile(source, found.state, notes=found.notes)


def write_weights(
    path: Path, state: Mapping[str, Tensor], config: STViTConfig, class_names: Sequence[str] | None = None
) -> None:
    """Write safetensors with config and class names; the same input gives the same bytes.

    The file appears under its name only when it is complete: an interrupted write leaves what was there before.

    Raises:
        WeightsError: If there are more or fewer class names than classes, or one cannot be shown.
    """
    metadata = {"format": "pt", "config": json.dumps(asdict(config))}
    if class_names is not None:
        metadata["class_names"] = json.dumps(_fitting(class_names, config), ensure_ascii=False)
    tensors = {key: value.detach().cpu().clone(memory_format=torch.contiguous_format) for key, value in state.items()}
    header, body = _ordered(save(tensors, metadata=metadata))
    write_atomically(path, lambda file: file.writelines((header, body)))


def _found(content: Content, parsed: _Parsed, sha256: str) -> WeightsFile:
    found = find_state(parsed.tensors, content.name)
    return WeightsFile(content.name, found.state, parsed.config, parsed.class_names, found.notes, sha256)


def _parse_single(content: Content) -> _Parsed:
    if _looks_like_safetensors(content.data):
        return _parse_safetensors(content)
    _refuse_other_files(content)
    return _Parsed(read_torch_file(content))


def _refuse_other_files(content: Content) -> None:
    """Raise an error that names the kind of a file mistaken for weights."""
    start = content.data[:512]
    if start.lstrip(_BLANK).lower().startswith(_HTML_STARTS):
        raise WeightsError(
            f"{content.name} is a web page, not weights: Google Drive sends one when too many people have "
            "downloaded the file; open the link in a browser, or try again tomorrow."
        )
    if start.startswith(b"version https://git-lfs"):
        raise WeightsError(f"{content.name} is only a pointer of Git LFS; fetch the file itself with `git lfs pull`.")
    if content.path.suffix == ".safetensors" and not start.startswith((b"PK", b"\x80")):
        raise WeightsError(f"{content.name} is truncated, damaged or not safetensors; download or copy it again.")


def _parse_safetensors(content: Content) -> _Parsed:
    try:
        header = _header(content)
        tensors = load(content.data)
    except WeightsError:
        raise
    except Exception as error:  # Damaged bytes can make the readers fail in any way.
        raise WeightsError(f"{content.name} is truncated or damaged; download or copy it again.") from error
    metadata = header.get("__metadata__", {})
    try:
        config, class_names = description(metadata)
    except (ValueError, TypeError) as error:
        reason = plain(error, 400).rstrip(".")
        raise WeightsError(f"{content.name} has metadata that make no sense: {reason}.") from error
    return _Parsed(tensors, config, class_names)


def _header(content: Content) -> dict[str, Any]:
    length = int.from_bytes(content.data[:8], "little")
    header = parse_json(content.data[8 : 8 + length], MAX_HEADER, "the header")
    if len(header) > MAX_TENSORS + 1:
        raise WeightsError(f"{content.name} holds {len(header):,} tensors, more than the {MAX_TENSORS:,} of any STViT.")
    return header


def _looks_like_safetensors(data: bytes) -> bool:
    """Return whether a header in JSON follows 8 bytes that could be its length."""
    return data[8:9] == b"{" and int.from_bytes(data[:8], "little") < 8 * MAX_HEADER  # a longer one gets a sentence


def _parse_shards(content: Content) -> WeightsFile:
    """Read the files that an index lists, and take from each the tensors that the index places there."""
    places = _weight_map(content)
    digest = hashlib.sha256(content.data)
    joined, size = _Parsed({}), 0
    for name in sorted(set(places.values())):
        part = read_content(content.path.with_name(name))
        size += len(part.data)
        if size > MAX_BYTES:
            raise WeightsError(f"{content.name} lists more than {MAX_BYTES >> 30} GB, which no STViT has.")
        digest.update(part.sha256.encode())
        parsed = _parse_single(part)
        for key in (key for key, place in places.items() if place == name):
            if not isinstance(parsed.tensors, Mapping) or key not in parsed.tensors:
                raise WeightsError(f"{content.name} places {quoted(key)} in {part.name}, which lacks it.")
            joined.tensors[key] = parsed.tensors[key]
        joined = _Parsed(joined.tensors, joined.config or parsed.config, joined.class_names or parsed.class_names)
    return _found(content, joined, digest.hexdigest())


def _weight_map(content: Content) -> dict[str, str]:
    """Return the file name of each tensor; only files beside the index count."""
    try:
        index = parse_json(content.data, MAX_HEADER, "the file")
        places = index["weight_map"]
        if not places or len(places) > MAX_TENSORS or len(set(places.values())) > MAX_SHARDS:
            raise ValueError("weight_map is empty or too long")
        for name in places.values():
            if Path(name).name != name or "\\" in name or name == content.path.name:
                raise ValueError(f"weight_map names {quoted(name)} instead of a file beside it")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{content.name} is JSON but not an index of shards (`model.safetensors.index.json`): {plain(error, 300)}."
        ) from error
    return places


def _fitting(class_names: Sequence[str], config: STViTConfig) -> list[str]:
    if len(class_names) != config.num_classes:
        raise WeightsError(f"There are {len(class_names)} class names for {config.num_classes} classes.")
    try:
        return list(checked_class_names(class_names))
    except ValueError as error:
        raise WeightsError(f"{error}; rename it before the model is written.") from error


def _ordered(data: bytes) -> tuple[bytes, memoryview]:
    """Split safetensors into header and body, with the header's entries sorted.

    The library writes metadata in a random order, which would give equal weights different digests.
    """
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # The format wants tensors aligned to 8 bytes.
    return len(header).to_bytes(8, "little") + header, memoryview(data)[8 + length :]
