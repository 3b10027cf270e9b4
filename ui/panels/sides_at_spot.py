"""One spot on all sides of a comparison: its choice, and what the token under it attends to on each side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from analysis.compare.maps import CONVOLUTION, SpotMap, difference
from analysis.compare.spot import Spot, spot_of
from analysis.figures.compare_values import LOOKS
from analysis.figures.paper.compare import SidePanel
from analysis.reports.compare import map_panel, ratio_panel
from stvit import TokenGrid
from stvit.images.samples import SUBJECTS
from ui import keys
from ui.address import Link, nearest_number
from ui.panels.menu import menu
from ui.panels.sides import OneSide
from ui.panels.spot_maps import Picked, SpotPanel, spot_maps
from ui.view.runs import is_sample
from ui.view.view import View

RATIO_COLOUR = "#7F7F7F"
STEPS = 1000
"""The spot is counted in thousandths of the picture's sides."""

MAPS = "compare_maps"


def repair_spot(link: Link) -> None:
    """Replace a spot that a link asks for but does not exist; call it before the page."""
    shares = {number: str(number) for number in range(STEPS + 1)}
    for key in (keys.COMPARE_DOWN, keys.COMPARE_ACROSS):
        link.repair_choice(key, "spot", shares, lambda asked: nearest_number(asked, shares, default=STEPS // 2))


def choose_spot(view: View) -> Spot:
    """Keep the numbers of the spot behind a button: a click in a map sets them."""
    home = _home(view)
    _follow_home(home)
    with menu("Spot", ":material/my_location:"):
        down, across = (
            st.number_input(f"{words}, thousandths of the picture", 0, STEPS, start, 1, key=key, bind="query-params")
            for words, key, start in zip(
                ("Down", "Across"), (keys.COMPARE_DOWN, keys.COMPARE_ACROSS), home, strict=True
            )
        )
    return Spot(down / STEPS, across / STEPS)


def _home(view: View) -> tuple[int, int]:
    """Return where the spot is until somebody moves it: the subject of a sample, else the middle."""
    source = view.picture.source
    shares = SUBJECTS.get(source.name, (0.5, 0.5)) if is_sample(source) else (0.5, 0.5)
    return round(shares[0] * STEPS), round(shares[1] * STEPS)


def _follow_home(home: tuple[int, int]) -> None:
    """Move a spot that nobody has moved to where it is at home in another picture."""
    state, before = st.session_state, st.session_state.get(keys.COMPARE_HOME)
    now = (state.get(keys.COMPARE_DOWN), state.get(keys.COMPARE_ACROSS))
    if before is not None and before != home and now == before:
        state.update({keys.COMPARE_DOWN: home[0], keys.COMPARE_ACROSS: home[1]})
    state[keys.COMPARE_HOME] = home


def show_maps(sides: Sequence[OneSide], maps: Sequence[SpotMap]) -> None:
    """Show the map of each side, and how each other one differs from the first."""
    panels = [_panel(map_panel(found), _note(found), colour) for found, (colour, _) in zip(maps, LOOKS, strict=False)]
    places = [
        _Place(one.view, found.record.grid, found.record.token_pixels) for one, found in zip(sides, maps, strict=True)
    ]
    for number, other in enumerate(maps[1:], start=1):
        note = f"weight in {other.side.title} over weight in {maps[0].side.title}"
        panels.append(_panel(ratio_panel(maps[0], other), note, RATIO_COLOUR))
        places.append(places[0] if difference(maps[0], other).on is maps[0].side else places[number])
    spot_maps(panels, MAPS, partial(_move, places))


@dataclass(frozen=True)
class _Place:
    """Whose tokens a map shows; callbacks keep it, so it holds no arrays."""

    view: View
    grid: TokenGrid
    token_pixels: int


def _move(places: Sequence[_Place], picked: Picked) -> None:
    """Move the spot to the token that was pointed at."""
    place = places[picked.panel]
    spot = spot_of(place.view.picture, place.grid, place.token_pixels, picked.row, picked.column)
    st.session_state.update(
        {keys.COMPARE_DOWN: round(spot.down * STEPS), keys.COMPARE_ACROSS: round(spot.across * STEPS)}
    )


def _panel(panel: SidePanel, note: str, colour: str) -> SpotPanel:
    return SpotPanel(panel.title, note, colour, panel.canvas, panel.decades, panel.is_ratio)


def _note(found: SpotMap) -> str:
    grid = found.record.grid
    if not found.is_attention:
        return f"{grid.height} × {grid.width} tokens · {CONVOLUTION}"
    return (
        f"{grid.height} × {grid.width} tokens · entropy {found.entropy:.2f} nats · distance {found.distance:,.0f} px · "
        f"mass kept {found.kept:.2f}"
    )
