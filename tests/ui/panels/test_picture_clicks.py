"""Clicks on pictures: the token is the one whose pixels were clicked, at every size."""

import math

import pytest

from stvit import TokenGrid
from ui.panels.pickers import token_at
from ui.panels.picture_clicks.component import pixel_of


@pytest.mark.parametrize(("picture", "side"), [(512, 4), (1024, 4), (512, 8), (224, 32), (500, 8)])
def test_every_pixel_opens_the_token_that_holds_it(picture, side):
    count = math.ceil(picture / side)
    grid = TokenGrid(count, count, 1)
    held = [token for token in range(count) for _ in range(side)][:picture]
    assert [token_at(grid, side, pixel + 0.5, 0)[0] for pixel in range(picture)] == held
    assert [token_at(grid, side, 0, pixel + 0.5)[1] for pixel in range(picture)] == held


@pytest.mark.parametrize(
    "said",
    [
        None,
        "north",
        {},
        {"down": 1},
        {"down": -1, "across": 1},
        {"down": 1, "across": 512},
        {"down": True, "across": 1},
        {"down": math.nan, "across": 1},
        {"down": "1", "across": 1},
    ],
)
def test_what_is_no_place_on_the_picture_is_left_out(said):
    assert pixel_of(said, (512, 512)) is None
