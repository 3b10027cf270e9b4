"""Files of `torch.save`, read without running any code they may carry.

Such a file is a pickle, and a pickle can call any function while it is read. PyTorch's restricted unpickler
(`weights_only=True`) builds tensors and plain containers only; `argparse.Namespace` is the one class added to
that, because the released checkpoints keep their training options in one.
"""

import argparse
import pickle
import re
import threading
import zipfile
from pathlib import Path
from typing import Any

import torch

from stvit.weights.errors import WeightsError

ZIP_START = b"PK\x03\x04"
TAR_MAGIC = slice(257, 262)
READABLE_PROTOCOL = 2
"""Pickle protocol of `torch.save`; the restricted unpickler does not know what later ones add."""

REMEDY = "save `model.state_dict()` alone, or as .safetensors, where the file was made"

_ALLOWLIST = threading.Lock()
"""PyTorch's allowlist belongs to the process: one load must not end another's permission half way."""


def read_torch_file(path: Path) -> Any:
    """Return the content of a file written by `torch.save`; tensors lie in main memory.

    Raises:
        WeightsError: If the file is truncated, is something else, or would run code; in the last case nothing of
            it has run.
    """
    with path.open("rb") as file:
        start = file.read(512)
    is_zip = start.startswith(ZIP_START)
    if is_zip:
        start = _start_of_pickle(path)
    elif start[TAR_MAGIC] == b"ustar":
        raise WeightsError(
            f"{path.name!r} is in PyTorch's old tar format, which cannot be read without running what it holds; "
            f"{REMEDY}."
        )
    protocol = start[1] if start[:1] == b"\x80" and len(start) > 1 else 0
    is_pickle = is_zip or 0 < protocol <= pickle.HIGHEST_PROTOCOL
    if is_pickle and protocol > READABLE_PROTOCOL:
        raise _refusal(path, "", is_pickle)
    try:
        return _load(path)
    except pickle.UnpicklingError as error:
        # Not chained: PyTorch's message advises to load again with weights_only=False.
        raise _refusal(path, str(error), is_pickle) from None
    except Exception as error:  # Damaged bytes make the unpickler fail in any way.
        raise _unreadable(path, is_pickle) from error


def _load(path: Path) -> Any:
    with _ALLOWLIST, path.open("rb") as file:
        if argparse.Namespace in torch.serialization.get_safe_globals():
            return torch.load(file, map_location="cpu", weights_only=True)
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(file, map_location="cpu", weights_only=True)


def _start_of_pickle(path: Path) -> bytes:
    """Return the first bytes of the pickle in a zip file.

    Raises:
        WeightsError: If the zip file is incomplete, no checkpoint, a programme, or larger inside than outside.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(path, entries)
            main = next(entry for entry in entries if Path(entry.filename).name == "data.pkl")
            with archive.open(main) as file:
                return file.read(2)
    except WeightsError:
        raise
    except Exception as error:  # Damaged bytes make the reader fail in any way.
        raise _unreadable(path, is_pickle=True) from error


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    names = {Path(entry.filename).name for entry in entries}
    if "data.pkl" not in names:
        raise WeightsError(
            f"{path.name!r} is a zip archive but no checkpoint; if the checkpoint lies inside, unpack it first."
        )
    if "constants.pkl" in names:
        raise WeightsError(f"{path.name!r} is a TorchScript programme, which would run code; {REMEDY}.")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise WeightsError(
            f"{path.name!r} claims more data than it has bytes; a checkpoint of `torch.save` is not compressed."
        )


def _refusal(path: Path, message: str, is_pickle: bool) -> WeightsError:
    """Return the error for a pickle that asks for more than tensors and plain containers."""
    wanted = re.search(r"GLOBAL (\S+) w", message)
    if wanted:
        return WeightsError(
            f"{path.name!r} would run code when opened (it asks for {wanted[1]}), so it was not opened; {REMEDY}."
        )
    if is_pickle:
        return WeightsError(
            f"{path.name!r} is a pickle of more than plain tensors, which can run code, so it was not opened; {REMEDY}."
        )
    return _unreadable(path, is_pickle)


def _unreadable(path: Path, is_pickle: bool) -> WeightsError:
    if is_pickle:
        return WeightsError(f"{path.name!r} is truncated or damaged; download or copy it again.")
    return WeightsError(
        f"{path.name!r} is not a file of weights; expected .safetensors, or .pth or .pt written by `torch.save`."
    )
