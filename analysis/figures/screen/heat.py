"""A map drawn over its picture, with a colour bar in absolute units (Plotly)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from analysis.figures.borders import Segment, outline_lines
from analysis.figures.canvas import Canvas, Panel
from analysis.figures.numbers import short, symmetric_range, value_range
from analysis.figures.screen.layout import DIVERGING, FONT_SIZE, HEAT
from analysis.figures.screen.pictures import picture_layout, png_source
from analysis.figures.style import ANCHOR_COLOUR, greyscale


def heat_map(canvas: Canvas, panel: Panel, *, opacity: float = 0.75, relative: bool = False) -> go.Figure:
    """Draw one value per square over the picture.

    Args:
        canvas: The picture, and the token to frame, if any.
        panel: What to draw; the page shows its title.
        opacity: Of the heat over the picture, 0 to 1.
        relative: Whether the hover text also says how many times the uniform attention 1 / N a value is.
    """
    side = panel.pixels or canvas.token_pixels
    values = np.where(np.isfinite(panel.values), panel.values, np.nan)
    low, top = symmetric_range(values) if panel.signed else value_range(values, panel.minimum, panel.maximum)
    figure = ground(greyscale(canvas.shown))
    figure.add_heatmap(
        z=values,
        x0=side / 2,
        dx=side,
        y0=side / 2,
        dy=side,
        customdata=_hover(values),
        hovertemplate=_hover_text(panel.quantity, relative),
        hoverongaps=False,
        colorscale=DIVERGING if panel.signed else HEAT,
        zmin=low,
        zmax=top,
        opacity=opacity,
        colorbar=colour_bar(panel.quantity, low, top),
    )
    frame(figure, canvas)
    return picture_layout(figure, *canvas.size)


def picture(canvas: Canvas, *, clickable: bool = False) -> go.Figure:
    """Draw a picture by itself, with the anchor framed if there is one.

    Args:
        canvas: The picture.
        clickable: Lay an invisible square over each token, on which the keyboard stops.
    """
    height, width = canvas.size
    figure = ground(canvas.shown)
    if clickable:
        _add_squares(figure, canvas)
    else:
        figure.add_scatter(x=[0, width], y=[0, height], mode="markers", marker={"opacity": 0}, hoverinfo="skip")
    frame(figure, canvas)
    return picture_layout(figure, height, width)


def _add_squares(figure: go.Figure, canvas: Canvas) -> None:
    side = canvas.token_pixels
    rows, columns = (-(-length // side) for length in canvas.size)
    figure.add_heatmap(
        z=np.zeros((rows, columns), np.uint8),
        x0=side / 2,
        dx=side,
        y0=side / 2,
        dy=side,
        opacity=0,
        showscale=False,
        hoverinfo="skip",
    )


def ground(image: np.ndarray) -> go.Figure:
    """Return a figure with a picture below all that is drawn on it."""
    height, width = image.shape[:2]
    figure = go.Figure()
    figure.add_layout_image(
        source=png_source(image),
        x=0,
        y=0,
        sizex=width,
        sizey=height,
        xref="x",
        yref="y",
        sizing="stretch",
        layer="below",
    )
    return figure


def frame(figure: go.Figure, canvas: Canvas) -> None:
    """Frame the canvas's token or region, if it has one, twice, dark in light, so that it shows on any ground."""
    if canvas.region is not None:
        _outline(figure, outline_lines(canvas.region), canvas.token_pixels)
        return
    if canvas.anchor is None:
        return
    side = canvas.token_pixels
    box = {
        "x0": canvas.anchor.column * side,
        "x1": (canvas.anchor.column + 1) * side,
        "y0": canvas.anchor.row * side,
        "y1": (canvas.anchor.row + 1) * side,
    }
    figure.add_shape(type="rect", **box, line={"color": "black", "width": 5})
    figure.add_shape(type="rect", **box, line={"color": ANCHOR_COLOUR, "width": 2})


def _outline(figure: go.Figure, lines: Sequence[Segment], side: int) -> None:
    x, y = (
        [place for one, other in lines for place in (one[axis] * side, other[axis] * side, None)] for axis in (0, 1)
    )
    for colour, width in (("black", 4), (ANCHOR_COLOUR, 2)):
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def _hover_text(quantity: str, relative: bool) -> str:
    uniform = "<br>%{customdata[2]:.2f} × uniform" if relative else ""
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
