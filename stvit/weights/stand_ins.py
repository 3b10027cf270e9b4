"""Harmless objects that people save along with tensors: recognised in a pickle by name, and never built.

Dates, paths and NumPy values are plain data, but PyTorch's restricted unpickler refuses a whole file for one of them.
Here each such name gives an empty object that remembers only its type's name, so none of their code runs either.
"""

from typing import Any


class StandIn:
    """What a pickle holds in place of something that was not built.

    Attributes:
        kind: What it would have been, for a sentence.
    """

    kind = "an object"

    def __new__(cls, *arguments: object) -> "StandIn":
        """Make an empty object, whatever the arguments."""
        return super().__new__(cls)

    def __init__(self, *arguments: object) -> None:
        """Forget the arguments."""

    def __setstate__(self, state: object) -> None:
        """Forget the state."""


_KINDS = {
    "a date": [f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta", "timezone")],
    "a path": [
        f"{module}.{name}"
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
    ],
    "a NumPy value": [
        *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("scalar", "_reconstruct")),
        "numpy.ndarray",
        "numpy.dtype",
    ],
    "a number": ["decimal.Decimal", "fractions.Fraction", "uuid.UUID"],
}


def _stand_in(kind: str) -> type[StandIn]:
    return type("StandIn", (StandIn,), {"kind": kind})


STAND_INS: list[tuple[Any, str]] = [(_stand_in(kind), name) for kind, names in _KINDS.items() for name in names]
"""For `torch.serialization.safe_globals`: a class, and the name under which pickles ask for it."""


def kind_of(value: object) -> str:
    """Return what a value is, for a sentence: "a list", "an int", "a date"."""
    if isinstance(value, StandIn):
        return value.kind
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
