import pytest
from streamlit.testing.v1 import AppTest

from analysis.one_token.region import Region
from stvit import BlockId
from tests.support.explorer_support import sharp_capture
from ui.explorer.look import Look
from ui.explorer.state import ExplorerState, Memory, decide, within

ASKED = ExplorerState(BlockId(0, 1), 3, 4, None)
REPORT = {"stage": 1, "block": 0, "row": 5, "column": 6, "head": 1, "sequence": 1}
REPORTED = ExplorerState(BlockId(1, 0), 5, 6, 1)


@pytest.fixture(scope="module")
def captured():
    return sharp_capture()


def test_the_page_decides_until_somebody_chooses(captured):
    assert decide(ASKED, None, None, captured) == Memory(ASKED, ASKED, 0)


def test_a_new_choice_in_the_browser_wins_once(captured):
    first = decide(ASKED, None, None, captured)
    chosen = decide(ASKED, REPORT, first, captured)
    assert chosen == Memory(ASKED, REPORTED, 1)
    assert decide(ASKED, REPORT, chosen, captured) == chosen  # a page that never changes its arguments
    followed = decide(REPORTED, REPORT, chosen, captured)  # a page that passes the state back
    assert followed == Memory(REPORTED, REPORTED, 1)


def test_a_new_wish_of_the_page_wins_over_an_old_choice(captured):
    chosen = decide(ASKED, REPORT, decide(ASKED, None, None, captured), captured)
    wish = ExplorerState(BlockId(2, 0), 0, 0, None)
    assert decide(wish, REPORT, chosen, captured).shown == wish


def test_the_choice_survives_the_widget_being_forgotten(captured):
    chosen = decide(ASKED, REPORT, decide(ASKED, None, None, captured), captured)
    assert decide(ASKED, None, chosen, captured) == chosen


@pytest.mark.parametrize(
    "nonsense",
    [
        "pin",
        [],
        {"stage": 1},
        REPORT | {"row": "5"},
        REPORT | {"row": 1.5},
        REPORT | {"row": float("nan")},
        REPORT | {"sequence": True},
        REPORT | {"sequence": None},
    ],
    ids=str,
)
def test_nonsense_from_the_browser_is_ignored(captured, nonsense):
    assert decide(ASKED, nonsense, None, captured).shown == ASKED


def test_a_look_is_part_of_a_choice(captured):
    look = {"incoming": True, "scale": "log", "shared": True, "opacity": 0.3, "boundaries": False, "outlines": True}
    shown = decide(ASKED, REPORT | {"look": look}, None, captured).shown
    assert shown == ExplorerState(BlockId(1, 0), 5, 6, 1, Look(True, "log", True, 0.3, False, True))


@pytest.mark.parametrize(
    "look", [None, 5, [], {}, {"scale": ["log"]}, {"scale": "dB", "opacity": float("nan"), "incoming": "yes"}], ids=str
)
def test_an_impossible_look_is_the_default(captured, look):
    assert decide(ASKED, REPORT | {"look": look}, None, captured).shown == REPORTED


def test_a_region_is_part_of_a_choice(captured):
    region = {"kind": "rectangle", "height": 300, "width": 150}
    shown = decide(ASKED, REPORT | {"region": region}, None, captured).shown
    assert shown.region == Region("rectangle", 300, 150)
    assert decide(ASKED, REPORT | {"region": {"kind": "star"}}, None, captured).shown == REPORTED


@pytest.mark.parametrize(("opacity", "shown"), [(7, 1.0), (-1, 0.0), (0.35, 0.35), (True, 0.75)])
def test_the_opacity_is_brought_into_bounds(captured, opacity, shown):
    assert decide(ASKED, REPORT | {"look": {"opacity": opacity}}, None, captured).shown.look.opacity == shown


def test_states_are_brought_into_bounds(captured):
    far = ExplorerState(BlockId(9, 9), 1000, -1, 77)
    grid = captured[BlockId(0, 0)].grid
    assert within(far, captured) == ExplorerState(BlockId(0, 0), grid.height - 1, 0, None)
    report = {"stage": 1.0, "block": 0.0, "row": 9e9, "column": -3.0, "head": 1.0, "sequence": 2.0}
    state = decide(ASKED, report, None, captured).shown
    assert state == ExplorerState(BlockId(1, 0), captured[BlockId(1, 0)].grid.height - 1, 0, 1)


def page() -> None:
    import streamlit as st

    from analysis.figures.canvas import Anchor
    from stvit import BlockId
    from stvit.images.samples import sample_images
    from ui.explorer import explorer
    from ui.view.models import random_model
    from ui.view.runs import sample, view_of

    view = view_of(sample(next(iter(sample_images()))), random_model("stvit_demo"), 64, "crop")
    state = explorer(view, BlockId(0, 0), None, Anchor(8, 8))
    st.text(f"{state.block.stage}.{state.block.block} at {state.row}, {state.column}, head {state.head}")


def test_explorer_mounts_and_returns_what_the_browser_chose():
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert app.text[0].value == "0.0 at 8, 8, head None"
    sent = [element.proto for element in app.get("bidi_component")]
    assert [len(proto.bytes) > 0 for proto in sent] == [False, True, True]
    app.session_state["explorer"] = {"chosen": REPORT | {"row": 2, "column": 3}}
    app.run()
    assert not app.exception
    assert app.text[0].value == "1.0 at 2, 3, head 1"
    again = [element.proto for element in app.get("bidi_component")]
    assert again[1].bytes == sent[1].bytes  # the scene stays, so nothing is sent again
    assert again[2].bytes != sent[2].bytes
