"""The binary layout that carries arrays to the browser: versioned, aligned, with a checksum.

All numbers are little-endian:

    offset  bytes  what
    0       4      magic, "STVX"
    4       4      version
    8       4      length L of the header, a multiple of 4
    12      L      header: JSON in UTF-8, padded with spaces
    12 + L  ...    arrays, each starting at a multiple of 4 bytes
    end-4   4      CRC-32 of everything before it

The header's "arrays" gives for each name its dtype, shape and offset, counted from the end of the header.
`web/payload.js` is the other end.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

MAGIC = b"STVX"
VERSION = 1
ALIGNMENT = 4
DTYPES = ("float32", "float16", "int32", "int16", "uint8")
_PREFIX = struct.Struct("<4sII")


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Lay a header and arrays out as bytes.

    Args:
        header: Plain values that JSON can hold; "arrays" is added.
        arrays: By name, of a dtype in `DTYPES`.

    Raises:
        TypeError: If an array has another dtype.
    """
    table, parts, offset = {}, [], 0
    for name, array in arrays.items():
        _check_dtype(name, array)
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        table[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": offset}
        parts.append(_padded(data, b"\0"))
        offset += len(parts[-1])
    text = _padded(json.dumps({**header, "arrays": table}, separators=(",", ":"), allow_nan=False).encode(), b" ")
    body = _PREFIX.pack(MAGIC, VERSION, len(text)) + text + b"".join(parts)
    return body + struct.pack("<I", zlib.crc32(body))


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `pack` wrote: the header and the arrays, which share the memory of the bytes.

    Raises:
        ValueError: If the bytes are no payload, of another version, or damaged.
    """
    if len(data) < _PREFIX.size + ALIGNMENT or data[:4] != MAGIC:
        raise ValueError(f"A payload starts with {MAGIC!r}, got {data[:4]!r}; pass bytes that pack returned.")
    _, version, length = _PREFIX.unpack_from(data)
    if version != VERSION:
        raise ValueError(f"This reads payloads of version {VERSION}, got version {version}; build it anew.")
    if zlib.crc32(data[:-ALIGNMENT]) != struct.unpack("<I", data[-ALIGNMENT:])[0]:
        raise ValueError("The payload is damaged (its checksum does not match); build or send it again.")
    start = _PREFIX.size + length
    header = json.loads(data[_PREFIX.size : start])
    table = header.pop("arrays")
    return header, {name: _view(data, start, entry) for name, entry in table.items()}


def _view(data: bytes, start: int, entry: Mapping[str, Any]) -> np.ndarray:
    dtype, shape = np.dtype(entry["dtype"]).newbyteorder("<"), tuple(entry["shape"])
    return np.frombuffer(data, dtype, int(np.prod(shape)), start + entry["offset"]).reshape(shape)


def _check_dtype(name: str, array: np.ndarray) -> None:
    if array.dtype.name not in DTYPES:
        raise TypeError(f"Array {name!r} has dtype {array.dtype.name}; a payload holds {', '.join(DTYPES)}.")


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % ALIGNMENT)
