"""Messages to the browser are estimated from grids, and a page whose messages would be too large offers less."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from stvit import capture, create_model
from stvit.images.framing import whole_framing
from tests.support.explorer_support import sharp_capture
from tests.support.tiny import tiny_pixels
from ui.explorer.block_payload import block_payload
from ui.explorer.budget import BUDGET, at_size, shapes
from ui.explorer.scene_payload import scene_payload

HEADERS = 30_000
"""Bytes that headers and picture of these payloads take besides the arrays."""


@pytest.mark.parametrize("size", [(96, 100), (320, 288)])
def test_an_estimate_is_at_least_and_not_far_above_what_is_sent(size):
    captured = sharp_capture(*size)
    shown = np.zeros((*size, 3), np.uint8)
    for record, shape in zip(captured.values(), shapes(captured), strict=True):
        sent = len(block_payload(record, record.id.stride))
        assert sent - HEADERS <= shape.payload_bytes <= 2.1 * sent
    previews = sum(shape.preview_bytes for shape in shapes(captured))
    sent = len(scene_payload(captured, shown))
    assert sent - HEADERS <= previews <= sent


def test_shapes_at_another_size_are_those_of_a_capture_at_that_size():
    small, large = sharp_capture(96, 100), sharp_capture(320, 288)
    assert [shape.at(320, 288) for shape in shapes(small)] == shapes(large)


@pytest.mark.parametrize("variant", ["stvit_demo", "stvit_small", "stvit_base", "stvit_large"])
def test_every_model_fits_at_1024_and_none_with_a_picture_of_eight_to_one(variant):
    captured = capture(create_model(variant).eval(), tiny_pixels(1, 64, 64))
    blocks = shapes(captured)
    assert at_size(blocks, 1024, 1024) <= BUDGET
    assert at_size(blocks, *whole_framing((1000, 8000), 1024).size) > 4 * BUDGET
    assert at_size(blocks, *whole_framing((1000, 8000), 224).size) <= BUDGET


def page() -> None:
    import numpy as np
    import streamlit as st

    from stvit.images import load_image
    from ui.explorer.smaller import offer_smaller
    from ui.view.models import random_model
    from ui.view.runs import view_of
    from ui.view.view import Picture

    size = st.selectbox("Resolution", (32, 64, 96, 128), index=3, key="size")
    picture = load_image(np.zeros((40, 320, 3), np.uint8), name="wide")
    kept = Picture(picture.name, picture.sha256, lambda: picture)
    view = view_of(kept, random_model("stvit_demo"), size, "whole")
    said = offer_smaller(view, (32, 64, 96, 128), key="size")
    built = "super_attention" in vars(next(iter(view.capture.values())))
    st.text(f"{size} px, said {said}, built {built}")


def test_a_page_that_would_send_too_much_offers_the_largest_size_that_fits(monkeypatch):
    shapes_at_96 = at_size(_demo_shapes(), *whole_framing((40, 320), 96).size)
    monkeypatch.setattr("ui.explorer.smaller.BUDGET", shapes_at_96)
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    [warning] = app.warning
    wanted = at_size(_demo_shapes(), *whole_framing((40, 320), 128).size)
    assert warning.value == (
        f"At 128 px the live view would send your browser {wanted / 1e6:,.0f} MB at once, more than its limit of "
        f"{shapes_at_96 / 1e6:,.0f} MB; at 96 px it fits."
    )
    assert app.text[0].value.startswith("128 px, said True, built False")
    app.button[0].click().run()
    assert app.text[0].value.startswith("96 px, said False")
    assert not app.warning


def test_where_no_size_fits_the_page_says_what_does(monkeypatch):
    monkeypatch.setattr("ui.explorer.smaller.BUDGET", 1000)
    app = AppTest.from_function(page, default_timeout=60).run()
    assert app.warning[0].value.endswith("at every resolution; choose the centre crop.")
    assert not app.button


def _demo_shapes():
    return shapes(capture(create_model("stvit_demo").eval(), tiny_pixels(1, 64, 64)))
