"""What the tray keeps of the explorer: the maps that it shows, on its scale, drawn from the factors."""

import io

import numpy as np
import pytest
from PIL import Image

from analysis.figures.colour_scales import levels_of, top_of
from analysis.figures.style import ANCHOR_COLOUR
from analysis.one_token.region import Region, region_tokens
from stvit import BlockId
from tests.support.explorer_support import MEAN, python_rows, sharp_capture
from ui.explorer.as_shown import maps_as_shown, picture_as_shown, words_as_shown
from ui.explorer.look import Look
from ui.explorer.state import ExplorerState
from ui.zoom.part import Part

FIRST, FLAT = BlockId(0, 0), BlockId(3, 0)


@pytest.fixture(scope="module")
def captured():
    return sharp_capture()


@pytest.mark.parametrize("region", [Region(), Region("super"), Region("rectangle", 300, 200)], ids=lambda it: it.kind)
@pytest.mark.parametrize("head", [None, 1])
@pytest.mark.parametrize("incoming", [False, True])
@pytest.mark.parametrize("scale", ["uniform", "log"])
def test_maps_are_the_mean_rows_or_columns_on_the_chosen_scale(captured, region, head, incoming, scale):
    record = captured[FIRST]
    state = ExplorerState(FIRST, 10, 7, head, Look(incoming=incoming, scale=scale, shared=True), region)
    tokens = region_tokens(region, record, 10, 7)
    rows = {
        kind: python_rows(record, kind, MEAN if head is None else head, incoming)[tokens].mean(0).reshape(24, 25)
        for kind in ("super", "global", "local")
    }
    top = max(map(top_of, rows.values()))
    found = list(maps_as_shown(record, state))
    assert [each.title for each in found] == [
        "Super token attention",
        "Global attention",
        "Local attention",
        "Association",
    ]
    for each, values in zip(found, rows.values(), strict=False):
        expected = levels_of(values, scale, top)
        assert np.abs(each.levels.of - expected.of).max() < 1e-3
        assert each.levels.ticks[::2] == expected.ticks[::2]


def test_with_cell_1_one_map_shows_both(captured):
    state = ExplorerState(FLAT, 2, 2, None)
    assert [each.title for each in maps_as_shown(captured[FLAT], state)] == ["Global attention", "Local attention"]


def test_the_association_counts_from_0_on_the_first_scale(captured):
    found = list(maps_as_shown(captured[FIRST], ExplorerState(FIRST, 10, 7, None)))[-1]
    heaviest = float(captured[FIRST].association.weight[0, 10 * 25 + 7].max())
    assert found.levels.ticks[0] == "0"
    assert float(found.levels.ticks[2]) == pytest.approx(heaviest, rel=0.01)


def test_words_say_all_that_was_chosen(captured):
    look = Look(incoming=True, scale="linear", shared=True)
    state = ExplorerState(FIRST, 10, 7, 1, look, Region("rectangle", 300, 200), Part(2.5, 400, 400))
    assert words_as_shown(captured[FIRST], state) == [
        "stage 1, block 1",
        "incoming, head 2 of 3",
        "the pinned rectangle (35 tokens) at (10, 7)",
        "scale linear",
        "one bar for all attentions",
        "zoomed 2.5×",
    ]


def drawn(record, part: Part) -> np.ndarray:
    shown = np.tile(np.linspace(0, 255, 100, dtype=np.uint8)[None, :, None], (96, 1, 3))
    content = picture_as_shown(shown, record, ExplorerState(FIRST, 4, 5, None, part=part))
    return np.asarray(Image.open(io.BytesIO(content)))


def test_the_picture_holds_the_anchor_and_the_part_alone(captured):
    whole, near, away = (drawn(captured[FIRST], part) for part in (Part(), Part(4, 150, 200), Part(4, 900, 900)))
    colour = [int(ANCHOR_COLOUR[at : at + 2], 16) for at in (1, 3, 5)]
    marked = [int((np.abs(found[..., :3].astype(int) - colour).max(-1) < 40).sum()) for found in (whole, near, away)]
    assert marked[2] == 0 < marked[0] < marked[1]
    assert whole.shape == near.shape
