"""What the browser needs to draw groupings: the picture once, and the groups of each panel as compressed numbers."""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from jaxtyping import Integer, UInt8

from analysis.figures.matched_colours import matched_colours
from analysis.figures.paint import group_means
from analysis.figures.screen.pictures import png_source
from analysis.figures.style import ANCHOR_COLOUR, PEOPLE_COLOUR
from analysis.grouping.label_maps import Image, compact_labels
from analysis.reports.groupings import Comparison
from stvit import TokenGrid


@dataclass(frozen=True)
class Heading:
    """What stands above a panel.

    Attributes:
        title: Name of the grouping; it may hold the name of a file.
        colour: Of the grouping, as #RRGGBB.
        note: A line of figures.
        section: Heading of the panels that it belongs to; empty if there is one section alone.
    """

    title: str
    colour: str
    note: str
    section: str = ""


def panels_payload(
    shown: Image, grid: TokenGrid, comparison: Comparison, headings: Sequence[Heading], hint: str
) -> dict[str, Any]:
    """Return what is drawn, ready for JSON.

    Args:
        shown: The picture as the model saw it.
        grid: Layout of the tokens that are pointed at.
        comparison: Groupings and what is drawn of them.
        headings: Of each grouping.
        hint: What can be done with the panels.
    """
    maps = [grouping.labels for grouping in comparison.found]
    panels = [
        {**vars(heading), "labels": packed(labels), "fill": fill and base64.b64encode(fill).decode()}
        for heading, labels, fill in zip(headings, maps, _fills(shown, maps, comparison), strict=True)
    ]
    return {
        "picture": {
            "name": sha256(shown.tobytes()).hexdigest()[:16],
            "height": shown.shape[0],
            "width": shown.shape[1],
            "source": png_source(shown),
        },
        "hint": hint,
        "grid": {"rows": grid.height, "columns": grid.width},
        "place": None if comparison.place is None else list(comparison.place),
        "colours": {"place": ANCHOR_COLOUR, "people": PEOPLE_COLOUR},
        "people": [packed(labels) for labels in (comparison.people.maps if comparison.people else ())],
        "panels": panels,
    }


def packed(labels: Integer[np.ndarray, "rows columns"]) -> dict[str, Any]:
    """Return a label map for the browser: positions among its names, little-endian, deflated, in base64.

    Example:
        >>> packed(np.array([[7, 9]]))["names"]
        [7, 9]
    """
    compact, names = compact_labels(labels)
    data = zlib.compress(compact.astype("<u4").tobytes(), level=6)
    return {
        "rows": labels.shape[0],
        "columns": labels.shape[1],
        "names": names.tolist(),
        "data": base64.b64encode(data).decode(),
    }


def _fills(shown: Image, maps: Sequence[np.ndarray], comparison: Comparison) -> list[bytes | None]:
    """Return the colours of each panel's groups, three bytes each; None where the picture itself is shown."""
    colours: Sequence[UInt8[np.ndarray, "_ 3"]]
    if comparison.drawing == "means":
        colours = [group_means(shown, labels) for labels in maps]
    elif comparison.drawing == "labels":
        colours = matched_colours(maps, comparison.reference)
    else:
        return [None] * len(maps)
    return [each.tobytes() for each in colours]
