"""The maps as a Streamlit component: a map is a few kilobytes, which the browser lays over the grey picture."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Float
from matplotlib import colormaps
from PIL import Image

from analysis.compare.scale import DECADES, RATIO_TICKS, TICKS
from analysis.figures.canvas import Canvas
from analysis.figures.screen.pictures import png_source
from analysis.figures.style import DIVERGING_NAME, HEAT_NAME, greyscale
from ui.explorer.bundle import WEB as EXPLORER
from ui.explorer.bundle import joined
from ui.panels import colour_bar
from ui.zoom import modules, style

OPACITY = 0.78
"""Of the map over the grey picture."""

STOPS = 16
"""Colours of the bar's gradient."""

WEB = Path(__file__).parent / "web"


def _module() -> str:
    """Return the maps, and what they share with others, as the one module that Streamlit mounts."""
    paths = (WEB / "spot_maps.js", EXPLORER / "dom.js", EXPLORER / "numbers.js")
    own = {path.stem: path.read_text(encoding="utf-8") for path in paths}
    return joined(own | modules()) + "\nexport default mountSpotMaps;\n"


_mount = st.components.v2.component(
    "stvit_spot_maps",
    css=(WEB / "spot_maps.css").read_text(encoding="utf-8") + colour_bar.style() + style(),
    js=_module(),
)


@dataclass(frozen=True, eq=False)
class SpotPanel:
    """One map.

    Attributes:
        title: Heading, which may be foreign; the browser shows it as plain text.
        note: A line below it.
        colour: Of the side, as in the charts.
        canvas: What the model sees, and the token at the spot.
        decades: One value for each token, log10, -2 to 2; nan is left clear.
        ratio: Whether it compares two maps.
    """

    title: str
    note: str
    colour: str
    canvas: Canvas
    decades: Float[np.ndarray, "rows columns"]
    ratio: bool = False


@dataclass(frozen=True)
class Picked:
    """The token that a person pointed at.

    Attributes:
        panel: Number of the map.
        row: Row of the token on its grid.
        column: Its column.
    """

    panel: int
    row: int
    column: int


def spot_maps(panels: Sequence[SpotPanel], key: str, on_pick: Callable[[Picked], None]) -> None:
    """Draw maps; a click in any of them is reported before the page runs again.

    The browser numbers its reports and holds the last one until an answer has its number, so no quick step is lost.
    """
    data = {"panels": [_told(panel) for panel in panels], "sequence": st.session_state.get(_sequence_key(key), 0)}
    shapes = [panel.decades.shape for panel in panels]
    with st.container(key="spot_maps"):
        _mount(key=key, data=data, on_picked_change=partial(_report, key, shapes, on_pick))


def _report(key: str, shapes: Sequence[tuple[int, int]], on_pick: Callable[[Picked], None]) -> None:
    said = st.session_state[key].get("picked")
    st.session_state[_sequence_key(key)] = sequence_of(said)
    picked = picked_of(said, shapes)
    if picked is not None:
        on_pick(picked)


def _sequence_key(key: str) -> str:
    return f"{key}_sequence"


def sequence_of(said: object) -> int:
    """Return the number of a report of the browser, 0 if it has none.

    Example:
        >>> sequence_of({"sequence": 3}), sequence_of("north")
        (3, 0)
    """
    sequence = said.get("sequence") if isinstance(said, Mapping) else None
    return sequence if isinstance(sequence, int) and not isinstance(sequence, bool) else 0


def picked_of(said: object, shapes: Sequence[tuple[int, int]]) -> Picked | None:
    """Return what the browser reported, None if that is no token of these maps: anybody can send anything."""
    if not isinstance(said, Mapping):
        return None
    panel, row, column = (said.get(name) for name in ("panel", "row", "column"))
    if not (isinstance(panel, int) and isinstance(row, int) and isinstance(column, int)):
        return None
    if not 0 <= panel < len(shapes) or not (0 <= row < shapes[panel][0] and 0 <= column < shapes[panel][1]):
        return None
    return Picked(panel, row, column)


def _told(panel: SpotPanel) -> dict[str, Any]:
    """Return what the browser needs to draw a map."""
    name = DIVERGING_NAME if panel.ratio else HEAT_NAME
    anchor, (height, width) = panel.canvas.anchor, panel.canvas.size
    assert anchor is not None
    rows, columns = panel.decades.shape
    return {
        "title": panel.title,
        "note": panel.note,
        "colour": panel.colour,
        "ground": png_source(greyscale(panel.canvas.shown)),
        "heat": _heat(panel.decades, name),
        "height": height,
        "width": width,
        "side": panel.canvas.token_pixels,
        "rows": rows,
        "columns": columns,
        "row": anchor.row,
        "column": anchor.column,
        "decades": [None if np.isnan(value) else round(value, 3) for value in panel.decades.ravel().tolist()],
        "gradient": _gradient(name),
        "ticks": list((RATIO_TICKS if panel.ratio else TICKS).values()),
        "ratio": panel.ratio,
        "quantity": "second over first" if panel.ratio else "times uniform attention",
        "unit": "times the first" if panel.ratio else "× uniform",
    }


def _heat(decades: Float[np.ndarray, "rows columns"], name: str) -> str:
    """Return one pixel for each token as the address of a PNG; what is not known is clear."""
    painted = colormaps[name](np.nan_to_num(decades / DECADES + 0.5), bytes=True)
    painted[..., 3] = np.where(np.isnan(decades), 0, round(255 * OPACITY))
    buffer = io.BytesIO()
    Image.fromarray(painted).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


@lru_cache
def _gradient(name: str) -> str:
    stops = (colormaps[name](level / (STOPS - 1), bytes=True)[:3] for level in range(STOPS))
    return f"linear-gradient(to right, {', '.join('rgb({} {} {})'.format(*stop) for stop in stops)})"
