"""Links: what they ask for is shown, and what is impossible is replaced by the nearest thing and named."""

import re

import pytest

from tests.support.app_support import check_fine, go_to, opened, opened_sidebar, texts
from ui.address import nearest_number
from ui.markdown import escaped
from ui.pages.registry import ANSWERING

SIDEBAR = {
    "sample": ("Nobody", "china", "picture “Nobody”; China"),
    "variant": ("STViT-X", "stvit_demo", "variant “STViT-X”; STViT demo"),
    "weights": ("small-224", "demo", "weights of STViT demo “small-224” (not on this machine); demo"),
    "size": ("300", 288, "resolution “300”; 288 px"),
    "framing": ("Portrait", "crop", "framing “Portrait”; Centre crop"),
}
POSITION = {
    "mode": ("Nonsense", "Live", "mode “Nonsense”; Live"),
    "stage": ("9", 3, "stage “9”; 4"),
    "block": ("0", 0, "block of stage 1 “0”; 1"),
    "head": ("0", "mean", "head of stage 1 “0”; mean"),
    "row": ("5000", 55, "anchor row “5000”; 55"),
    "column": ("-3", 0, "anchor column “-3”; 0"),
}


def tokens(app) -> tuple[int, int]:
    """Return the token grid that Explore says it shows."""
    height, width = re.search(r"(\d+) × (\d+) tokens", texts(app)).groups()
    return int(height), int(width)


def warnings(app) -> str:
    return "\n".join(warning.value for warning in app.warning)


@pytest.mark.parametrize("key", SIDEBAR)
def test_an_impossible_choice_is_replaced_and_named(key):
    asked, value, note = SIDEBAR[key]
    app = opened_sidebar(**{key: asked})
    check_fine(app)
    assert app.session_state[key] == value
    assert app.session_state["link"].notes == [f"{note} is shown instead"]


@pytest.mark.parametrize("key", POSITION)
def test_an_impossible_position_is_replaced_and_named(key):
    asked, value, note = POSITION[key]
    app = opened(**{key: asked})
    check_fine(app)
    assert app.session_state[key] == value
    assert warnings(app) == f"The link asks for what is not here: {note} is shown instead."


def test_two_notes_are_a_list():
    app = opened(stage="9", block="9")
    assert warnings(app).splitlines()[1:] == [
        "- stage “9”; 4 is shown instead",
        "- block of stage 4 “9”; 2 is shown instead",
    ]


def test_the_nearest_block_is_one_of_the_stage():
    app = opened(stage="2", block="4")
    check_fine(app)
    assert app.session_state["block"] == 1
    assert app.session_state["link"].notes == ["block of stage 2 “4”; 2 is shown instead"]


def test_the_nearest_row_and_column_are_those_of_a_wide_picture():
    app = opened(sample="Coffee", framing="Whole picture", row="5000", column="5000")
    check_fine(app)
    height, width = tokens(app)
    assert width > height
    assert (app.session_state["row"], app.session_state["column"]) == (height - 1, width - 1)


def test_where_a_number_is_none_the_home_of_the_anchor_and_the_default_are_taken():
    app = opened(row="x", column="nan", size="x", stage="x")
    check_fine(app)
    assert [app.session_state[key] for key in ("row", "column", "size", "stage")] == [22, 11, 224, 0]


def test_an_empty_value_is_no_wish():
    app = opened(size="", stage=" ", sample="")
    check_fine(app)
    assert not warnings(app)


def test_the_last_head_is_possible():
    app = opened(stage="1", head="2")
    assert not app.session_state["link"].notes
    assert app.session_state["head"] == "1"


def test_all_at_once_are_listed():
    asked = {key: wanted for key, (wanted, *_) in (SIDEBAR | POSITION).items()}
    app = opened(**asked)
    check_fine(app)
    assert warnings(app).count("\n- ") == len(asked)
    assert (app.session_state["stage"], app.session_state["block"]) == (3, 0)
    assert app.session_state["row"] == 8  # of the 9 x 9 tokens that stage 4 has at 288 px


@pytest.mark.parametrize("value", ["nan", "inf", "-1e999", "٣", "5.5"])
def test_numbers_that_are_none_do_no_harm(value):
    app = opened(row=value, column=value, stage=value, block=value, size=value)
    check_fine(app)
    check_fine(app.run())
    height, width = tokens(app)
    assert 0 <= app.session_state["row"] < height
    assert 0 <= app.session_state["column"] < width


def test_the_note_goes_with_the_next_choice_and_not_before():
    app = opened(sample="Nobody")
    assert "Nobody" in warnings(app)
    assert "Nobody" in warnings(app.run())
    app.number_input("row").set_value(3).run()
    assert "Nobody" not in warnings(app)
    assert "Nobody" not in warnings(app.run())


def test_the_note_goes_with_a_change_of_page():
    app = opened(stage="9")
    assert "stage" in warnings(app)
    go_to(app, "cost")
    check_fine(app)
    assert not warnings(app)


def test_what_replaced_it_gives_way_to_a_choice():
    app = opened(size="300", stage="9", weights="lost")
    app.selectbox("size").set_value(224).run()
    app.segmented_control("stage").set_value(1).run()
    app.selectbox("weights").set_value("random").run()
    check_fine(app)
    assert [app.session_state[key] for key in ("size", "stage", "weights")] == [224, 1, "random"]


def test_what_replaced_it_gets_into_the_address():
    app = opened(size="300", stage="9").run()
    assert app.query_params["size"] == "288 px"
    assert app.query_params["stage"] == "4"


def test_a_possible_link_says_nothing():
    app = opened(
        sample="Rocket",
        variant="STViT-S",
        weights="random",
        size="288 px",
        framing="Whole picture",
        stage="3",
        block="4",
        head="2",
        row="17",
        column="25",
    )
    check_fine(app)
    assert "link" not in warnings(app)
    chosen = [app.session_state[key] for key in ("sample", "variant", "weights", "size", "framing")]
    assert chosen == ["rocket", "stvit_small", "random", 288, "whole"]
    assert "anchor (17, 25)" in texts(app)
    assert (app.session_state["stage"], app.session_state["block"], app.session_state["head"]) == (2, 3, "1")


@pytest.mark.parametrize(
    ("key", "asked", "value"),
    [("sample", "coffee", "coffee"), ("variant", "stvit_small", "stvit_small"), ("size", "384", 384)],
)
def test_other_spellings_are_understood(key, asked, value):
    app = opened_sidebar(**{key: asked})
    check_fine(app)
    assert app.session_state[key] == value
    assert not app.session_state["link"].notes


def test_uploaded_weights_do_not_travel():
    app = opened_sidebar(weights="from a file")
    assert app.session_state["link"].notes == [
        "weights of STViT demo “from a file” (not on this machine); demo is shown instead"
    ]
    assert app.selectbox("weights").options == ["demo", "random", "from a file"]
    app.run()
    assert app.selectbox("weights").value == "demo"
    check_fine(app.selectbox("weights").set_value("upload").run())
    assert app.selectbox("weights").value == "upload"


def test_weights_are_in_the_address():
    app = opened_sidebar()
    app.selectbox("weights").set_value("random").run()
    app.selectbox("variant").set_value("stvit_base").run()
    check_fine(app)
    assert app.selectbox("weights").value == "random"
    app.selectbox("variant").set_value("stvit_demo").run()
    assert app.selectbox("weights").value == "random"


def test_a_long_or_marked_up_value_is_shown_as_text():
    app = opened(sample="**x** <b>" + "y" * 500)
    (warning,) = app.warning
    assert r"\*\*x\*\* \<b\>yyy" in warning.value
    assert len(warning.value) < 200


def test_plain_text_keeps_to_one_line():
    assert escaped("a\n# b :red[c]") == r"a \# b \:red\[c\]"
    assert escaped("z" * 60) == "z" * 60
    assert escaped("z" * 61) == "z" * 39 + "…" + "z" * 20


@pytest.mark.parametrize("mark", "\\`*_[]<>$~|:#!&")
def test_plain_text_has_no_marks(mark):
    assert escaped(f"a{mark}b") == f"a\\{mark}b"


@pytest.mark.parametrize(("asked", "nearest"), [("0", 224), ("250", 224), ("260 px", 288), ("inf", 384), ("x", 224)])
def test_nearest_number(asked, nearest):
    assert nearest_number(asked, {224: "", 288: "", 384: ""}, default=224) == nearest


WHAT = ("sample", "variant", "weights", "size", "framing", "mode")
WHERE = ("tour", "stage", "block", "head", "row", "column")
LOOK = ("direction", "scale", "range", "opacity", "boundaries")


@pytest.mark.parametrize("keys", [WHAT, WHERE], ids=["what", "where"])
@pytest.mark.parametrize("value", ["", " ", "null", "-1", "1e999", "true", "[]", "\x1b[31m", "<b>", "9" * 400, "é̂"])
def test_no_value_in_an_address_breaks_the_app(keys, value):
    """Each key is read by itself, and what replaces a bad value is a default or the nearest: none hides another."""
    app = opened(**dict.fromkeys(keys, value))
    check_fine(app)
    check_fine(app.run())


@pytest.mark.parametrize("value", ["", "null", "-1", "1e999", "nan", "<b>", "9" * 400])
def test_no_look_in_an_address_breaks_the_app(value):
    app = opened(**dict.fromkeys(LOOK, value), mode="Live")
    check_fine(app)
    check_fine(app.run())


REVEALING = {
    "explore": {},
    "super-tokens": {},
    "redundancy": {"alike": "true"},
    "dataset": {},
    "compare": {"compare": "pictures"},
    "rollout": {"rollout_start": "one token"},
    "what-if": {},
    "steps": {},
    "cost": {},
}
"""What a link chooses on each page so that all of its choices are there."""


def bound(app) -> dict[str, bool]:
    """Return the names in the address of all choices that are drawn, and whether any text at all is possible."""
    state = app.session_state._state._state
    found = {}
    for key, binding in state.query_params._bindings_by_param.items():
        metadata = state._new_widget_state.widget_metadata[binding.widget_id]
        found[key] = metadata.value_type == "string_value" and metadata.formatted_options is None
    return found


@pytest.mark.parametrize("page", REVEALING)
def test_whatever_a_link_asks_for_and_does_not_exist_is_named(page):
    free = REVEALING[page]
    wrong = {key for key, anything in bound(opened(page, **free)).items() if not anything} - set(free)
    app = opened(page, **free, **dict.fromkeys(wrong, "nonsense"))
    check_fine(app)
    (warning,) = app.warning
    assert warning.value.count("“nonsense”") == len(wrong & bound(app).keys()) > 5
    app.run()
    assert app.warning[0].value == warning.value


def test_every_page_with_choices_is_looped_over():
    assert set(REVEALING) == {page.address for page in ANSWERING}


@pytest.mark.parametrize(
    ("page", "key", "default"),
    [
        ("super-tokens", "methods", "Regular grid, Learned super tokens, SLIC"),
        ("redundancy", "attentions", "Super token, Global"),
        ("compare", "compared", "Entropy, Distance"),
    ],
)
def test_values_that_a_choice_of_several_lacks_are_named_and_the_others_are_chosen(page, key, default):
    app = opened(page, **{key: ["nonsense", "more of it"]})
    check_fine(app)
    assert warnings(app) == (
        f"The link asks for what is not here: {key} “nonsense”, “more of it”; {default} are shown instead."
    )
    first = default.split(", ")[1]
    app = opened(page, **{key: [first, "nonsense"]})
    check_fine(app)
    assert warnings(app) == f"The link asks for what is not here: {key} “nonsense”; {first} is shown instead."


def test_empty_values_leave_the_address():
    app = opened(stage="", head="", framing="", mode="")
    assert not {"stage", "head", "framing"} & set(app.query_params)
