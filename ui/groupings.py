"""The three groupings that Super tokens lays side by side: regular grid, learned, SLIC."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st
from PIL import Image

from analysis.render import colour_labels, draw_boundaries, mean_colours
from analysis.superpixels import regular_grid_labels, slic_labels, slic_token_labels
from stvit import BlockRecord
from ui.view import View

Resolution = Literal["token", "pixel"]
Drawing = Literal["boundaries", "means", "labels"]

DRAWINGS: dict[Drawing, str] = {"boundaries": "Boundaries", "means": "Mean colours", "labels": "Labels"}

DISPLAY_SIDE = 672
"""Pictures are enlarged to about this short side first, so that lines stay thin and crisp."""


@dataclass(frozen=True)
class Grouping:
    """One way to group the tokens or pixels of a picture.

    Attributes:
        kind: Key of its colour in `analysis.figures.style`.
        title: Heading.
        labels: Group of each token or pixel.
    """

    kind: str
    title: str
    labels: np.ndarray


def groupings(view: View, record: BlockRecord, slic_resolution: Resolution) -> list[Grouping]:
    """Return the regular grid, the learned super tokens and SLIC at the same number of segments."""
    grid = record.grid
    learned = record.labels()[0].numpy()
    regular = regular_grid_labels(grid.height, grid.width, grid.rows, grid.columns).labels
    picture = f"{view.picture.source.sha256}-{view.picture.framing}"
    slic = _slic(picture, (grid.height, grid.width), grid.num_super_tokens, slic_resolution, view.picture.shown)
    return [
        Grouping("grid", "Regular grid", regular),
        Grouping("super", "Learned super tokens", learned),
        Grouping("slic", f"SLIC on {slic_resolution}s", slic),
    ]


def draw(shown: np.ndarray, grouping: Grouping, drawing: Drawing) -> np.ndarray:
    """Return a picture of a grouping, enlarged for display, RGB bytes."""
    factor = max(1, round(DISPLAY_SIDE / min(shown.shape[:2])))
    size = (shown.shape[1] * factor, shown.shape[0] * factor)
    large = np.asarray(Image.fromarray(shown).resize(size, Image.Resampling.BICUBIC))
    if drawing == "boundaries":
        return draw_boundaries(large, grouping.labels, thickness=3)
    if drawing == "means":
        return mean_colours(large, grouping.labels)
    painted = Image.fromarray(colour_labels(grouping.labels)).resize(size, Image.Resampling.NEAREST)
    return np.asarray(painted)


@st.cache_data(max_entries=32, show_spinner="Running SLIC ...")
def _slic(picture: str, size: tuple[int, int], segments: int, resolution: Resolution, _shown: np.ndarray) -> np.ndarray:
    """Return SLIC labels; the key names the picture by its hash and framing."""
    if resolution == "token":
        return slic_token_labels(_shown, *size, segments).labels
    return slic_labels(_shown, segments).labels
