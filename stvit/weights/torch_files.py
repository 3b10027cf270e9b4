"""Files of `torch.save`, read without running any code they may carry.

Such a file is a pickle, and a pickle can call any function while it is read. PyTorch's restricted unpickler
(`weights_only=True`) builds tensors and plain containers only. Two things are added to that: `argparse.Namespace`,
because the released checkpoints keep their training options in one, and stand-ins for dates, paths and NumPy values.
"""

import argparse
import io
import pickle
import re
import threading
import zipfile
from pathlib import PurePosixPath
from typing import Any

import torch

from stvit.foreign_text import plain
from stvit.weights.content import Content
from stvit.weights.errors import WeightsError
from stvit.weights.stand_ins import STAND_INS

ZIP_START = b"PK\x03\x04"
TAR_MAGIC = slice(257, 262)
READABLE_PROTOCOL = 2
"""Pickle protocol of `torch.save`; the restricted unpickler does not know what later ones add."""

REMEDY = "save `model.state_dict()` alone, or as .safetensors, where the file was made"

_ALLOWLIST = threading.Lock()
"""PyTorch's allowlist belongs to the process: one load must not end another's permission half way."""


def read_torch_file(content: Content) -> Any:
    """Return the content of a file written by `torch.save`; tensors lie in main memory.

    Raises:
        WeightsError: If the file is truncated, is something else, or would run code; in the last case none of
            that code has run.
    """
    start = content.data[:512]
    is_zip = start.startswith(ZIP_START)
    if is_zip:
        start = _start_of_pickle(content)
    elif start[TAR_MAGIC] == b"ustar":
        raise WeightsError(
            f"{content.name} is in PyTorch's old tar format, which cannot be read without running what it holds; "
            f"{REMEDY}."
        )
    protocol = start[1] if start[:1] == b"\x80" and len(start) > 1 else 0
    is_pickle = is_zip or 0 < protocol <= pickle.HIGHEST_PROTOCOL
    if is_pickle and protocol > READABLE_PROTOCOL:
        raise _refusal(content, "", is_pickle)
    try:
        return _load(content.data)
    except pickle.UnpicklingError as error:
        # Not chained: PyTorch's message advises to load again with weights_only=False.
        raise _refusal(content, str(error), is_pickle) from None
    except Exception as error:  # Damaged bytes can make the unpickler fail in any way.
        raise _unreadable(content, is_pickle) from error


def _load(data: bytes) -> Any:
    with _ALLOWLIST:
        permitted = torch.serialization.get_safe_globals()  # what the user has permitted must stay so
        added: list[Any] = [item for item in (argparse.Namespace, *STAND_INS) if item not in permitted]
        with torch.serialization.safe_globals(added):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def _start_of_pickle(content: Content) -> bytes:
    """Return the first bytes of the pickle in a zip file.

    Raises:
        WeightsError: If the zip file is incomplete, not a checkpoint, a program, or larger unpacked than packed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content.data)) as archive:
            entries = archive.infolist()
            _check_entries(content, entries)
            main = next(entry for entry in entries if PurePosixPath(entry.filename).name == "data.pkl")
            with archive.open(main) as file:
                return file.read(2)
    except WeightsError:
        raise
    except Exception as error:  # Damaged bytes can make the reader fail in any way.
        raise _unreadable(content, is_pickle=True) from error


def _check_entries(content: Content, entries: list[zipfile.ZipInfo]) -> None:
    names = {PurePosixPath(entry.filename).name for entry in entries}
    if "data.pkl" not in names:
        raise WeightsError(
            f"{content.name} is a zip archive but not a checkpoint; if the checkpoint lies inside, unpack it first."
        )
    if "constants.pkl" in names:
        raise WeightsError(f"{content.name} is a TorchScript program, which would run code; {REMEDY}.")
    if sum(entry.file_size for entry in entries) > len(content.data):
        raise WeightsError(
            f"{content.name} claims more data than it has bytes; a checkpoint of `torch.save` is not compressed."
        )


def _refusal(content: Content, message: str, is_pickle: bool) -> WeightsError:
    """Return the error for a pickle that asks for more than tensors and plain containers."""
    wanted = re.search(r"GLOBAL (\S+) w", message)
    if wanted:
        return WeightsError(
            f"{content.name} would run code when opened (it asks for {plain(wanted[1])}), so it was not opened; "
            f"{REMEDY}."
        )
    if is_pickle:
        return WeightsError(
            f"{content.name} is a pickle of more than plain tensors, which can run code, so it was not opened; "
            f"{REMEDY}."
        )
    return _unreadable(content, is_pickle)


def _unreadable(content: Content, is_pickle: bool) -> WeightsError:
    if is_pickle:
        return WeightsError(f"{content.name} is truncated or damaged; download or copy it again.")
    return WeightsError(
        f"{content.name} is not a file of weights; expected .safetensors, or .pth or .pt written by `torch.save`."
    )
