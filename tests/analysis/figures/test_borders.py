import numpy as np

from analysis.figures.borders import outline_lines
from analysis.figures.canvas import Anchor, Canvas
from analysis.figures.paper.panels import frame_token, panel_figure, picture_panel
from analysis.figures.screen.heat import picture
from analysis.figures.style import ANCHOR_COLOUR

REGION = np.array([[True, True, False], [False, True, False]])


def sides(lines) -> set[tuple[float, float, float, float]]:
    """Return the single sides of cells that lines run along."""
    found = set()
    for (left, top), (right, bottom) in lines:
        steps = max(right - left, bottom - top)
        across, down = (right - left) / steps, (bottom - top) / steps
        found |= {(left + i * across, top + i * down, across, down) for i in range(int(steps))}
    return found


def test_an_outline_runs_along_every_side_between_inside_and_outside():
    expected = set()
    for row, column in np.argwhere(REGION):
        for down, across in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            r, c = row + down, column + across
            if 0 <= r < 2 and 0 <= c < 3 and REGION[r, c]:
                continue
            if down:
                expected.add((column, row + (down > 0), 1, 0))
            else:
                expected.add((column + (across > 0), row, 0, 1))
    assert sides(outline_lines(REGION)) == expected


def test_figures_outline_a_region_in_place_of_the_token():
    canvas = Canvas(np.zeros((8, 12, 3), np.uint8), 4, Anchor(0, 0), region=REGION)
    drawn = picture(canvas)
    assert not drawn.layout.shapes
    line = next(trace for trace in drawn.data if trace.line.color == ANCHOR_COLOUR)
    points = list(zip(line.x, line.y, strict=True))
    lines = [(points[at], points[at + 1]) for at in range(0, len(points), 3)]
    assert lines == [((4 * a, 4 * b), (4 * c, 4 * d)) for (a, b), (c, d) in outline_lines(REGION)]
    figure, [axes] = panel_figure(1, canvas)
    picture_panel(axes, canvas.shown, "")
    frame_token(axes, canvas)
    assert not axes.patches
    assert len(axes.collections) == 2
    assert figure.axes
