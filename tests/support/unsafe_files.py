"""Files that would run code when they are opened carelessly; the payload only writes a marker file."""

import builtins
import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import torch


class Payload:
    """Calls open(marker, "w") or a shell command as soon as it is unpickled."""

    def __init__(self, marker: Path, through: str = "builtins") -> None:
        self.marker, self.through = marker, through

    def __reduce__(self) -> tuple[Any, ...]:
        if self.through == "os":
            return os.system, (f"touch '{self.marker}'",)
        if self.through == "eval":
            return builtins.eval, (f"open({str(self.marker)!r}, 'w').close()",)
        return builtins.open, (str(self.marker), "w")


def write_unsafe(path: Path, payload: Payload, how: str) -> None:
    """Write a file that runs the payload for a reader without protection."""
    checkpoint = {"model": {"stem.0.weight": torch.ones(2)}, "args": payload}
    if how == "zip":
        torch.save(checkpoint, path)
    elif how == "zip4":
        torch.save(checkpoint, path, pickle_protocol=4)
    elif how == "legacy":
        torch.save(checkpoint, path, _use_new_zipfile_serialization=False)
    elif how.startswith("pickle"):
        path.write_bytes(pickle.dumps(checkpoint["args"], protocol=int(how[-1])))
    elif how == "tar":
        _write_tar(path, pickle.dumps(payload, protocol=2))
    elif how == "torchscript":
        _write_torchscript(path, payload)
    else:
        raise KeyError(how)


def _write_tar(path: Path, data: bytes) -> None:
    with tarfile.open(path, "w") as archive:
        for name in ("storages", "tensors", "pickle"):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _write_torchscript(path: Path, payload: Payload) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(payload, protocol=2))
        archive.writestr("archive/constants.pkl", pickle.dumps((), protocol=2))
        archive.writestr("archive/version", "3\n")
