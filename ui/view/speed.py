"""How long a model takes for a picture here, from the runs that the app made anyway."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from time import perf_counter

PIXELS_AT_ONCE = 300 * 300
"""Pictures up to this size run through all models and changes as a page opens; above, when asked for."""

WARM_UP = 5.0
"""Seconds of a first run beside which it makes no difference that PyTorch prepares itself."""

_runs: dict[Hashable, tuple[int, float]] = {}
"""By what was run: how often, and the seconds of the fastest run."""


@contextmanager
def timed(what: Hashable) -> Iterator[None]:
    """Take the time of what is done inside the context, unless it fails."""
    start = perf_counter()
    yield
    seconds = perf_counter() - start
    count, fastest = _runs.get(what, (0, seconds))
    _runs[what] = count + 1, min(fastest, seconds)


def times_run(what: Hashable) -> int:
    """Return how often something has been run."""
    return _runs.get(what, (0, 0.0))[0]


def fastest_run(what: Hashable) -> float:
    """Return the seconds of the fastest run: other work only ever makes a run slower.

    Raises:
        KeyError: If nothing was run.
    """
    return _runs[what][1]
