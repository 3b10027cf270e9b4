"""An attention map drawn over its picture, with a colour bar in absolute units (Plotly)."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, UInt8

from analysis.figures.numbers import colour_range, short
from analysis.figures.style import ANCHOR_COLOUR, FONT_SIZE, HEAT, greyscale, picture_layout, png_source


@dataclass(frozen=True)
class Anchor:
    """The token that a person points at.

    Attributes:
        row: Its row on the token grid.
        column: Its column.
    """

    row: int
    column: int


def attention_map(
    shown: UInt8[np.ndarray, "height width 3"],
    values: Float[np.ndarray, "rows columns"],
    anchor: Anchor | None,
    *,
    token_pixels: int,
    minimum: float = 0.0,
    maximum: float | None = None,
    quantity: str = "attention",
    opacity: float = 0.75,
    relative: bool = True,
) -> go.Figure:
    """Draw one value per token over the picture.

    Args:
        shown: The picture as the model saw it.
        values: One value per token, NaN is left clear.
        anchor: The token to frame, if any.
        token_pixels: Side of a token in pixels of `shown`.
        minimum: Lower end of the colour bar.
        maximum: Upper end of the colour bar, in the unit of the values; their largest if None.
        quantity: What the values are, for the colour bar and the hover text.
        opacity: Of the heat over the picture, 0 to 1.
        relative: Whether the hover text also says how many times the uniform attention 1 / N a value is.
    """
    height, width = shown.shape[:2]
    low, top = colour_range(minimum, float(np.nanmax(values)) if maximum is None else maximum)
    figure = go.Figure()
    figure.add_layout_image(
        source=png_source(greyscale(shown)), x=0, y=0, sizex=width, sizey=height,
        xref="x", yref="y", sizing="stretch", layer="below",
    )  # fmt: skip
    figure.add_heatmap(
        z=values,
        x0=token_pixels / 2,
        dx=token_pixels,
        y0=token_pixels / 2,
        dy=token_pixels,
        customdata=_hover(values),
        hovertemplate=_hover_text(quantity, relative),
        colorscale=HEAT,
        zmin=low,
        zmax=top,
        opacity=opacity,
        colorbar=colour_bar(quantity, low, top),
    )
    if anchor is not None:
        frame(figure, anchor, token_pixels)
    return picture_layout(figure, height, width)


def picture(
    image: UInt8[np.ndarray, "height width 3"], anchor: Anchor | None = None, token_pixels: int = 1
) -> go.Figure:
    """Draw a picture by itself, with the anchor framed if there is one."""
    height, width = image.shape[:2]
    figure = go.Figure()
    figure.add_layout_image(
        source=png_source(image), x=0, y=0, sizex=width, sizey=height,
        xref="x", yref="y", sizing="stretch", layer="below",
    )  # fmt: skip
    figure.add_scatter(x=[0, width], y=[0, height], mode="markers", marker={"opacity": 0}, hoverinfo="skip")
    if anchor is not None:
        frame(figure, anchor, token_pixels)
    return picture_layout(figure, height, width)


def frame(figure: go.Figure, anchor: Anchor, token_pixels: int) -> None:
    """Frame the anchor twice, dark in light, so that it shows on any ground."""
    box = {
        "x0": anchor.column * token_pixels,
        "x1": (anchor.column + 1) * token_pixels,
        "y0": anchor.row * token_pixels,
        "y1": (anchor.row + 1) * token_pixels,
    }
    figure.add_shape(type="rect", **box, line={"color": "black", "width": 5})
    figure.add_shape(type="rect", **box, line={"color": ANCHOR_COLOUR, "width": 2})


def _hover_text(quantity: str, relative: bool) -> str:
    uniform = "<br>%{customdata[2]:.2f} x uniform" if relative else ""
    return f"token (%{{customdata[0]}}, %{{customdata[1]}})<br>{quantity} %{{z:.3g}}{uniform}<extra></extra>"


def _hover(values: np.ndarray) -> np.ndarray:
    """Return (row, column, value over uniform) for each token."""
    rows, columns = np.indices(values.shape)
    return np.stack([rows, columns, values * values.size], axis=-1)


def colour_bar(quantity: str, low: float, top: float) -> dict[str, object]:
    """Return a bar below the picture, with its ends and its middle in absolute units."""
    edge = 1e-6 * (top - low)  # a tick on the very end would be left out
    ticks = [low + (edge if low else 0.0), (low + top) / 2, top - edge]
    return {
        "orientation": "h",
        "title": {"text": quantity, "side": "bottom", "font": {"size": FONT_SIZE - 1}},
        "tickvals": ticks,
        "ticklabeloverflow": "allow",
        "ticktext": [short(tick) for tick in ticks],
        "thickness": 10,
        "outlinewidth": 0,
        "len": 0.86,
        "y": 0,
        "yanchor": "top",
        "ypad": 6,
        "xpad": 0,
    }
