"""Figures for papers as the bytes of a file."""

import io

from matplotlib import rcParams
from matplotlib.figure import Figure

DOTS_PER_INCH = 300

rcParams["pdf.fonttype"] = 42  # TrueType; the default, Type 3, is refused by many submission systems


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as a file: "png", "svg" or "pdf". PDFs embed their fonts as TrueType."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix, dpi=DOTS_PER_INCH)
    return buffer.getvalue()
