"""Figures for papers as the bytes of a file."""

import io

from matplotlib.figure import Figure

DOTS_PER_INCH = 300


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as a file: "png", "svg" or "pdf". PDFs embed TrueType, see `analysis.figures.style`."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix, dpi=DOTS_PER_INCH)
    return buffer.getvalue()
