"""Path, bytes or open file -> the bytes of a picture, read once and within limits."""

import hashlib
import os
import stat
from dataclasses import dataclass, field
from functools import cached_property
from io import TextIOBase
from pathlib import Path
from typing import Protocol, runtime_checkable

from stvit.images.limits import DEFAULT_LIMITS, ImageError, ImageLimits

NOT_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
"""What else a path can lead to; reading some of these never ends."""


@runtime_checkable
class BinaryFile(Protocol):
    """An open file that gives bytes."""

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes, none at the end."""


@runtime_checkable
class Seekable(Protocol):
    """An open file that may be able to go back to its start."""

    def seekable(self) -> bool:
        """Return whether it can."""

    def seek(self, position: int, /) -> int:
        """Go to a position."""


@dataclass(frozen=True)
class PictureBytes:
    """The bytes of one picture file, as `read_picture` read them.

    Everything that needs a picture takes this in place of a path. Read a file once, then use its digest and its
    pixels: they belong together even if the file changes meanwhile.

    Example:
        picture = read_picture(path)                         # read once
        key = picture.sha256                                  # of the bytes
        prepared = prepare(picture, 224)                      # of the same bytes; `load_image` takes it too
        assert prepared.source.sha256 == key

    Attributes:
        name: File name without its folder, or "image". Bytes of a name that are not UTF-8 are written as escapes,
            so that it can be printed and stored.
        data: All bytes of the file.
    """

    name: str
    data: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


Readable = str | os.PathLike | bytes | bytearray | memoryview | BinaryFile | PictureBytes
"""Where the bytes of a picture can come from."""


def read_picture(source: Readable, limits: ImageLimits = DEFAULT_LIMITS, name: str | None = None) -> PictureBytes:
    """Read the bytes of a picture, without decoding them.

    Args:
        source: A path, bytes, or a binary file object (read from its start where it can seek). A `PictureBytes` is
            checked against the limits and handed back.
        limits: `max_bytes` is the most that is read.
        name: Name to remember; by default that of the file.

    Raises:
        ImageError: In one sentence, why no bytes can be read: missing, empty, too large, a folder, a named
            pipe or a device.
    """
    if isinstance(source, PictureBytes):
        data = source.data
    elif isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    elif isinstance(source, str | os.PathLike):
        data = _read_path(source, limits.max_bytes + 1)
    elif callable(getattr(source, "read", None)):
        data = _read_file(source, limits.max_bytes + 1)
    else:
        raise ImageError(
            f"A picture can be a path, bytes, a binary file, a Pillow image or a NumPy array, got "
            f"{type(source).__name__}."
        )
    limits.check_bytes(len(data))
    return PictureBytes(name or name_of(source), data)


def name_of(source: object) -> str:
    """Return the file name of a path, an open file or an opened picture, or "image"."""
    is_path = isinstance(source, str | os.PathLike)
    path = source if is_path else getattr(source, "name", None) or getattr(source, "filename", None)
    # A file opened by its descriptor has a number for its name.
    name = Path(os.fsdecode(path)).name if isinstance(path, str | os.PathLike) else ""
    return name.encode("utf-8", "backslashreplace").decode() or "image"


def _read_path(path: str | os.PathLike, count: int) -> bytes:
    """Read up to `count` bytes of a file."""
    if path in ("", b""):
        raise ImageError("The path of the picture is empty; name a file.")
    try:
        kind = NOT_FILES.get(stat.S_IFMT(os.stat(path).st_mode))
        if kind is not None:
            raise ImageError(f"{name_of(path)!r} is {kind}; choose a picture file.")
        with open(path, "rb") as file:
            return file.read(count)
    except ImageError:
        raise
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _read_file(file: BinaryFile, count: int) -> bytes:
    """Read up to `count` bytes of an open file, from its start where it can seek."""
    parts: list[bytes] = []
    try:
        if isinstance(file, Seekable) and file.seekable():
            file.seek(0)
        # Unbuffered files may return less than was requested.
        while count > 0 and (part := file.read(count)):
            parts.append(part)
            count -= len(part)
    except Exception as error:  # Foreign objects can fail in any way.
        raise _unreadable(file, error) from error
    if isinstance(file, TextIOBase) or not all(isinstance(part, bytes) for part in parts):
        raise ImageError("A picture must be opened as a binary file, this one gives text; open it with mode 'rb'.")
    return b"".join(parts)


def _unreadable(source: object, error: Exception) -> ImageError:
    """Return the error for a file that gives no bytes."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ImageError(f"The file {name_of(source)!r} cannot be read ({reason}); check its path.")
