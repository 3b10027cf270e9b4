"""The maps around one anchor as a figure for papers (Matplotlib)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure

from analysis.figures.paper.panels import frame_token, heat_panel, panel_figure, picture_panel

Panel = tuple[str, str, Float[np.ndarray, "rows columns"]]
"""Title, quantity for the colour bar, one value per token."""


def anchor_figure(
    shown: UInt8[np.ndarray, "height width 3"],
    panels: Sequence[Panel],
    anchor: tuple[int, int],
    *,
    token_pixels: int,
    caption: str,
) -> Figure:
    """Draw the picture and every map over it, each with a colour bar in absolute units.

    Args:
        shown: The picture as the model saw it.
        panels: What to draw.
        anchor: Row and column of the token to frame.
        token_pixels: Side of a token in pixels of `shown`.
        caption: Below the figure: model, block, head, anchor.
    """
    figure, places = panel_figure(len(panels) + 1, shown, caption)
    picture_panel(places[0], shown, "Picture")
    for axes, (title, quantity, values) in zip(places[1:], panels, strict=True):
        heat_panel(axes, shown, values, token_pixels, title, quantity)
    for axes in places:
        frame_token(axes, *anchor, token_pixels)
    return figure
