"""The nine super tokens that a token may belong to, with one number each, drawn on their cells (Plotly)."""

import numpy as np
import plotly.graph_objects as go

from analysis.figures.canvas import Canvas, Neighbourhood, Panel
from analysis.figures.numbers import significant, symmetric_range, value_range
from analysis.figures.screen.heat import colour_bar, frame, ground
from analysis.figures.screen.layout import DIVERGING, FONT_SIZE, HEAT
from analysis.figures.screen.pictures import picture_layout, show_part
from analysis.figures.style import NEIGHBOUR_MARGIN, greyscale, number_height

GREY = "rgba(128,128,128,1)"


def candidates_map(canvas: Canvas, around: Neighbourhood, panel: Panel) -> go.Figure:
    """Draw nine numbers on the cells around a token, near enough to read; phantoms are dashed.

    Args:
        canvas: The picture, and the token to frame.
        around: Where the nine candidates lie.
        panel: One number for each candidate, values of shape (3, 3).
    """
    figure = ground(greyscale(canvas.shown))
    (row, column), (down, across) = around.centre, around.cell_pixels
    real = np.where(around.phantoms.reshape(3, 3), np.nan, panel.values)
    low, high = symmetric_range(real) if panel.signed else value_range(real)
    lines = ["%{text}", "\N{NO-BREAK SPACE}"]  # an empty line beside it moves the number up or down
    number = "<br>".join(lines if number_height(canvas, down) < 0.5 else lines[::-1])
    figure.add_heatmap(
        z=real,
        x0=(column - 0.5) * across,
        dx=across,
        y0=(row - 0.5) * down,
        dy=down,
        text=[["" if np.isnan(value) else significant(value) for value in line] for line in real.tolist()],
        texttemplate=number,
        textfont={"size": FONT_SIZE},
        xgap=1,
        ygap=1,
        hovertemplate=f"{panel.quantity} %{{z:.4g}}<extra></extra>",
        hoverongaps=False,
        colorscale=DIVERGING if panel.signed else HEAT,
        zmin=low,
        zmax=high,
        opacity=0.9,
        colorbar=colour_bar(panel.quantity, low, high),
    )
    for index in np.flatnonzero(around.phantoms).tolist():
        value = float(panel.values.flat[index])
        _phantom(figure, row + index // 3 - 1, column + index % 3 - 1, around.cell_pixels, value)
    frame(figure, canvas)
    picture_layout(figure, down, across)
    before, after = -1 - NEIGHBOUR_MARGIN, 2 + NEIGHBOUR_MARGIN
    rows = (row + before) * down, (row + after) * down
    show_part(figure, rows, ((column + before) * across, (column + after) * across))
    return figure


def _phantom(figure: go.Figure, row: int, column: int, cell_pixels: tuple[int, int], value: float) -> None:
    down, across = cell_pixels
    figure.add_shape(
        type="rect",
        x0=(column + 0.04) * across,
        x1=(column + 0.96) * across,
        y0=(row + 0.04) * down,
        y1=(row + 0.96) * down,
        line={"color": GREY, "width": 1, "dash": "dash"},
    )
    figure.add_annotation(
        x=(column + 0.5) * across,
        y=(row + 0.5) * down,
        text=f"phantom<br>{significant(value)}",
        showarrow=False,
        font={"size": FONT_SIZE - 1, "color": GREY},
    )
