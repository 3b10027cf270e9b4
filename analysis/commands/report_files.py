"""Reports as files: checked before the work, written whole."""

from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.reports.report import Report, suffix_of
from stvit.atomic_files import refuse_overwriting, write_atomically
from stvit.foreign_text import plain


def write_report(make: Callable[[], Report], out: Path, inputs: Sequence[Path]) -> None:
    """Make a report and write it as the ending of the path asks; the file is the old one or complete.

    Args:
        make: Makes the report.
        out: The file.
        inputs: Files that are read and must not be overwritten.

    Raises:
        ValueError: If the ending is unknown or the file is an input.
        OSError: If the file cannot be written.
    """
    suffix = suffix_of(out)
    refuse_overwriting(out, inputs)
    out.parent.mkdir(parents=True, exist_ok=True)  # before the work, which would be lost
    write_atomically(out, make().content(suffix), inputs)
    print(f"Wrote {plain(out, 200)}.")
