"""The progress bar of every command."""

from typing import Any

from tqdm import tqdm


def open_bar(shown: bool, files: Any = None, **options: Any) -> "tqdm[Any]":
    """Return a progress bar.

    Args:
        shown: Whether to show it; where there is no terminal it never is.
        files: What it counts, if it is to be iterated over.
        options: Of `tqdm`.
    """
    return tqdm(files, disable=None if shown else True, **options)  # None: hidden where there is no terminal
