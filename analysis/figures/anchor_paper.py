"""The maps around one anchor as a figure for papers (Matplotlib)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import ScalarFormatter

from analysis.figures.style import greyscale

PANEL_INCHES = 1.9

Panel = tuple[str, str, Float[np.ndarray, "rows columns"]]
"""Title, quantity for the colour bar, one value per token."""


def anchor_figure(
    shown: UInt8[np.ndarray, "height width 3"],
    panels: Sequence[Panel],
    anchor: tuple[int, int],
    *,
    token_pixels: int,
    caption: str,
    columns: int = 3,
) -> Figure:
    """Draw the picture and every map over it, each with a colour bar in absolute units.

    Args:
        shown: The picture as the model saw it.
        panels: What to draw.
        anchor: Row and column of the token to frame.
        token_pixels: Side of a token in pixels of `shown`.
        caption: Below the figure: model, block, head, anchor.
        columns: Panels a row, the picture included.
    """
    rows = -(-(len(panels) + 1) // columns)
    tall = PANEL_INCHES * shown.shape[0] / shown.shape[1] + 0.55
    figure = Figure(figsize=(columns * PANEL_INCHES + 0.2, rows * tall + 0.35), layout="constrained")
    figure.supxlabel(caption, fontsize=6)
    places = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in places:
        axes.set_axis_off()
    places[0].imshow(shown)
    places[0].set_title("Picture", fontsize=7)
    extent = (0, panels[0][2].shape[1] * token_pixels, panels[0][2].shape[0] * token_pixels, 0)
    for axes, (title, quantity, values) in zip(places[1:], panels, strict=False):
        axes.imshow(greyscale(shown))
        heat = axes.imshow(values, cmap="inferno", vmin=0, alpha=0.75, extent=extent, interpolation="nearest")
        axes.set_title(title, fontsize=7)
        numbers = ScalarFormatter()
        numbers.set_powerlimits((-2, 3))
        bar = figure.colorbar(heat, ax=axes, location="bottom", shrink=0.85, pad=0.02, format=numbers)
        bar.set_label(quantity, fontsize=6)
        bar.ax.tick_params(labelsize=5)
        bar.ax.xaxis.get_offset_text().set_fontsize(5)
    corner = (anchor[1] * token_pixels, anchor[0] * token_pixels)
    for axes in places[: len(panels) + 1]:
        axes.set(xlim=(0, shown.shape[1]), ylim=(shown.shape[0], 0))
        axes.add_patch(Rectangle(corner, token_pixels, token_pixels, fill=False, edgecolor="black", linewidth=2))
        axes.add_patch(Rectangle(corner, token_pixels, token_pixels, fill=False, edgecolor="lime", linewidth=0.8))
    return figure
