"""Errors about weights: one sentence to show, and the complete lists for those who need them."""

from collections.abc import Iterable, Mapping


class WeightsError(ValueError):
    """Weights that cannot be used; the message says in one sentence what was found and what to do.

    Keys are spelled as in the file: the released names for a file that uses those.

    Attributes:
        missing: Every key that the model needs and the file lacks.
        unexpected: Every key of the file that the model does not have.
        wrong_shape: For every other key that does not fit, the shape in the file and the shape in the model.
    """

    def __init__(
        self,
        message: str,
        missing: Iterable[str] = (),
        unexpected: Iterable[str] = (),
        wrong_shape: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] | None = None,
    ) -> None:
        super().__init__(message)
        self.missing = tuple(missing)
        self.unexpected = tuple(unexpected)
        self.wrong_shape = dict(wrong_shape or {})


class WeightsNotFoundError(WeightsError, FileNotFoundError):
    """There is no file of weights at the given path."""
