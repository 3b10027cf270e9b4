"""The page Super tokens: its answer, what people drew, groups of one's own, levels apart, choices in the link."""

import io
import json
import re
from html import unescape

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_support import check_fine, go_to, opened, panels_of, texts
from ui.group_panels.component import picked_place

HALVES = np.repeat([[0, 1]], 112, axis=1).repeat(224, axis=0)


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.fixture
def app() -> AppTest:
    return opened("super-tokens", sample="Cat")


def columns(app: AppTest) -> list[set[str]]:
    return [set(json.loads(table.proto.columns)) for table in app.dataframe]


def upload(app: AppTest, key: str, data: bytes, name: str = "mine.npz") -> AppTest:
    return app.file_uploader(key).set_value((name, data, "application/octet-stream")).run()


def test_the_answer_holds_the_numbers_of_the_table(app):
    check_fine(app)
    table = app.dataframe[0].value.set_index("method")
    learned, other = table.loc["super"], table.drop("super")["explained_variation"].max()
    assert f"{learned.in_pieces} of {learned.segments} learned groups are in pieces" in texts(app)
    assert (
        f"explains {other:.2f} of the colour variance, the learned groups {learned.explained_variation:.2f}"
        in texts(app)
    )


def test_every_grouping_is_a_panel_over_one_picture(app):
    drawn = panels_of(app)
    assert [panel["title"] for panel in drawn["panels"]] == ["Regular grid", "Learned super tokens", "SLIC"]
    assert drawn["picture"]["source"].startswith("data:image/png")
    assert (drawn["picture"]["height"], drawn["picture"]["width"]) == (224, 224)
    assert {panel["section"] for panel in drawn["panels"]} == {""}
    assert {panel["fill"] for panel in drawn["panels"]} == {None}


def test_what_people_drew_adds_scores_and_borders(app):
    assert not panels_of(app)["people"]
    upload(app, "truth_file", npz(one=HALVES, two=HALVES.T))
    check_fine(app)
    assert len(panels_of(app)["people"]) == 2
    scores = app.dataframe[0].value
    assert {"boundary_recall", "achievable_segmentation_accuracy", "soft_accuracy"} <= set(scores)
    assert "against 2 annotators" in texts(app)
    means = scores["boundary_recall"]
    alone = [check_one_annotator(app, number) for number in ("0", "1")]
    np.testing.assert_allclose(means, np.mean(alone, axis=0))


def check_one_annotator(app: AppTest, number: str) -> np.ndarray:
    check_fine(app.selectbox("annotator").set_value(number).run())
    assert len(panels_of(app)["people"]) == 1
    assert "against 1 annotator," in texts(app)
    return app.dataframe[0].value["boundary_recall"].to_numpy()


@pytest.mark.parametrize(
    ("key", "name", "data", "words"),
    [
        ("truth_file", "x.npz", npz(a=HALVES[:9]), "9 x 224 .* must have the size of the picture"),
        ("truth_file", "x.mat", b"nonsense", "cannot be read as .mat"),
        ("groups_file", "x.npz", npz(a=HALVES - 1), "from 0 to .*, got -1"),
        ("groups_file", "x.npz", npz(a=np.full((3136, 2), 0.4)), "row 0 sums to 0.8"),
    ],
)
def test_a_bad_file_is_one_sentence_and_takes_nothing_away(app, key, name, data, words):
    good = HALVES if key == "truth_file" else HALVES[:56, ::4][:, :56]
    upload(app, key, npz(good=good), "good.npz")
    check_fine(app)
    before = panels_of(app)
    upload(app, key, data, name)
    assert not app.exception
    (error,) = app.error
    assert re.search(words, error.value.replace("\\", ""))
    assert error.value.endswith("It is not used. good.npz stays in use.")
    assert panels_of(app) == before


def test_a_file_that_is_removed_is_not_used_any_more(app):
    upload(app, "truth_file", npz(one=HALVES))
    app.file_uploader("truth_file").set_value(None).run()
    check_fine(app)
    assert not panels_of(app)["people"]


def test_files_stay_when_the_page_is_left_and_belong_to_their_picture(app):
    upload(app, "truth_file", npz(one=HALVES))
    check_fine(go_to(go_to(app, "cost"), "super-tokens"))
    assert len(panels_of(app)["people"]) == 1
    app.get_by_key("sample").set_value("coffee").run()
    assert not panels_of(app)["people"]
    assert any("came with another picture" in info.value for info in app.info)
    app.get_by_key("sample").set_value("cat").run()
    app.button("truth_kept_remove").click().run()
    check_fine(app)
    assert not panels_of(app)["people"]


def test_groups_of_ones_own_are_one_more_panel(app):
    upload(app, "groups_file", npz(labels=HALVES))
    check_fine(app)
    panel = panels_of(app)["panels"][-1]
    assert (panel["title"], panel["note"]) == ("From file: mine.npz", "2 groups, 0 in pieces")
    weights = np.random.default_rng(0).dirichlet(np.ones(5), 56 * 56)
    upload(app, "groups_file", npz(weights=weights), "soft.npz")
    check_fine(app)
    bodies = [unescape(html.proto.body) for html in app.get("html")]
    titles = [body for body in bodies if "total weight" in body]
    assert [title for title in titles if "From file: soft.npz" in title]


def test_groups_that_do_not_fit_this_block_are_left_out(app):
    upload(app, "groups_file", npz(weights=np.ones((28 * 28, 1))))
    (error,) = app.error
    assert "of 784 tokens and this block has 3,136" in error.value
    assert len(panels_of(app)["panels"]) == 3
    check_fine(app.segmented_control("stage").set_value(1).run())
    assert len(panels_of(app)["panels"]) == 4


def test_the_name_of_a_file_is_no_html(app):
    upload(app, "groups_file", npz(weights=np.ones((56 * 56, 1))), "<b>x.npz")
    check_fine(app)
    assert not any("<b>x" in html.proto.body for html in app.get("html"))


def test_tokens_and_pixels_are_never_in_one_column(app):
    app.segmented_control("resolution_of_methods").set_value("pixel").run()
    check_fine(app)
    assert [set(table.value["level"]) for table in app.dataframe] == [{"pixel"}, {"token"}]
    sections = {panel["title"]: panel["section"] for panel in panels_of(app)["panels"]}
    assert sections["SLIC"] == sections["Regular grid"] == "Groups of pixels"
    assert sections["Learned super tokens"] == "Groups of tokens, 4 px wide"


def test_counts_that_differ_are_said(app):
    app.slider("sampling_iterations").set_value(5).run()
    app.get_by_key("methods").set_value(["super", "felzenszwalb"]).run()
    for panel, row in zip(panels_of(app)["panels"], app.dataframe[0].value.itertuples(), strict=True):
        assert panel["note"].startswith(f"{row.segments} ")
        assert ("of 49 in use" in panel["note"] or "49 wanted" in panel["note"]) == (row.segments != 49)


def test_a_clicked_token_becomes_the_place_of_the_memberships(app):
    assert panels_of(app)["place"] == [27, 27]
    app.number_input("row").set_value(3).run()
    app.number_input("column").set_value(50).run()
    check_fine(app)
    assert panels_of(app)["place"] == [3, 50]


@pytest.mark.parametrize(
    "picked",
    [
        None,
        3,
        {},
        {"row": "x", "column": 0},
        {"row": -1, "column": 0},
        {"row": 8, "column": 0},
        {"row": float("inf"), "column": 0},
        {"row": None, "column": 1},
    ],
)
def test_reports_of_the_browser_that_are_none_are_ignored(picked):
    assert picked_place(picked, (8, 8)) is None


def test_every_choice_stands_in_the_link():
    app = opened(
        "super-tokens", sample="Cat", drawing="Labels", methods=["SLIC", "Radial pattern"],
        resolution_of_methods="pixels", sampling_iterations="3", row="5", column="7",
    )  # fmt: skip
    check_fine(app)
    assert app.segmented_control("drawing").value == "labels"
    assert app.segmented_control("resolution_of_methods").value == "pixel"
    assert app.slider("sampling_iterations").value == 3
    assert [panel["title"] for panel in panels_of(app)["panels"]] == ["SLIC", "Radial pattern"]
    assert panels_of(app)["place"] == [5, 7]
    assert all(panel["fill"] for panel in panels_of(app)["panels"])
