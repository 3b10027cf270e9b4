"""Compare: models and pictures side by side, one spot, one depth, all of it in the link."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.compare.maps import difference, spot_map
from analysis.compare.measured import measured
from analysis.compare.side import Side
from analysis.compare.spot import Spot
from analysis.figures.numbers import significant
from analysis.redundancy.cka import cka_matrix
from stvit import capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.app_support import check_fine, opened, texts
from tests.support.tiny_backbones import saved, tiny_network
from ui.panels.spot_maps.component import Picked, picked_of
from ui.view.runs import _run

SMALL = {"sample": "Cat", "size": "64 px"}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64, 96))


@pytest.fixture
def shown(monkeypatch):
    """Collect what is sent to the browser in place of drawing it, and how a click is answered."""
    found = []
    monkeypatch.setattr(
        "ui.panels.sides_at_spot.spot_maps", lambda panels, key, on_pick: found.append((panels, on_pick))
    )
    return found


def twin(name, sample="cat", size=64):
    model = load_pretrained(name)
    picture = prepare(sample_images()[sample](), size)
    return Side(name, picture, capture(model, picture.pixels), tuple(model.class_names))


def test_it_opens_with_super_tokens_against_global_attention(shown):
    app = opened("compare", **SMALL)
    check_fine(app)
    panels, _ = shown[-1]
    maps = [spot_map(twin(name), 0.05, Spot(0.5, 0.5)) for name in ("twin-super", "twin-global")]
    assert [panel.title for panel in panels] == [
        "twin-super: stage 1, block 1",
        "twin-global: stage 1, block 1",
        "twin-global over twin-super",
    ]
    for panel, expected in zip(panels, maps, strict=False):
        np.testing.assert_allclose(10**panel.decades, expected.times.clip(0.01, 100), rtol=1e-4)
    np.testing.assert_allclose(panels[2].decades, difference(*maps).decades, atol=1e-4)


def test_the_answer_says_the_numbers_of_the_table(shown):
    app = opened("compare", **SMALL, depth="15")
    said = texts(app).replace("\\", "")
    for name in ("twin-super", "twin-global"):
        table = measured(twin(name), ("normalised_entropy", "distance"))
        part = table[(table["stage"] == 0) & (table["block"] == 1)].groupby("metric")["value"].mean()
        words = f"{100 * part['normalised_entropy']:.0f} %", f"{part['distance']:.0f} px"
        assert f"{name} has {words[0]}" in said or f"that of {name} {words[0]} and {words[1]}" in said
    assert "At 15 % of the depth (stage 1, block 2), the attention of twin-super" in said


def test_a_sample_of_the_tokens_tells_its_standard_error(shown):
    said = texts(opened("compare", sample="Cat", size="96 px"))
    tables = [measured(twin(name, size=96), ("entropy", "distance")) for name in ("twin-super", "twin-global")]
    largest = pd.concat(tables).groupby("metric")["stderr"].max()
    entropy = f"{significant(largest['entropy'])} nats (entropy)"
    distance = f"{significant(largest['distance'])} px (distance)"
    assert f"Standard error of a head: at most {entropy} and {distance}." in said
    assert "Standard error" not in texts(opened("compare", **SMALL))  # 256 tokens are all there are


def test_three_models_of_any_kind_and_a_second_picture(shown, tmp_path):
    folder = saved(tiny_network("vit", image_size=64), tmp_path / "vit")
    preprocessor = {"size": 64, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    app = opened("compare", variant="Hugging Face model", backbone=str(folder), sample="Cat", third="as in the sidebar")
    check_fine(app)
    assert [panel.title.split(":")[0] for panel in shown[-1][0][:3]] == ["twin-super", "twin-global", "ViT, vit"]
    assert shown[-1][0][2].decades.shape == (8, 8)
    app.segmented_control("compare").set_value("pictures").run()
    app.selectbox("second_picture").set_value("coffee").run()
    check_fine(app)
    panels = shown[-1][0]
    assert [panel.title for panel in panels[:2]] == [
        "twin-super, cat: stage 1, block 1",
        "twin-super, coffee: stage 1, block 1",
    ]
    assert "twin-super, coffee" in texts(app)


def test_one_spot_is_the_same_place_in_every_map(shown):
    opened("compare", **SMALL)
    _, on_pick = shown[-1]
    for panel, (row, column) in enumerate([(3, 12), (0, 0), (15, 9)]):
        place = on_pick.args[0][panel]
        top, left, bottom, right = place.view.picture.token_box(place.grid, place.grid.token(row, column))
        source = place.view.picture.source
        spot = {
            "down": str(round(500 * (top + bottom) / source.height)),
            "across": str(round(500 * (left + right) / source.width)),
        }
        check_fine(opened("compare", **SMALL, **spot))
        anchors = [one.canvas.anchor for one in shown[-1][0]]
        assert [(anchor.row, anchor.column) for anchor in anchors] == [(row, column)] * 3


def test_everything_is_in_the_link(shown):
    address = SMALL | {"first": "demo", "second": "STViT-S, random", "third": "Twin conv, random", "depth": "40"}
    app = opened("compare", **address, compared="Perplexity", down="100")
    check_fine(app)
    assert [app.selectbox(name).value for name in ("first", "second", "third")] == [
        "demo",
        "random:stvit_small",
        "random:twin_conv",
    ]
    assert len(shown[-1][0]) == 5
    assert "40 % of the depth" in texts(app)
    assert app.multiselect("compared").value == ["perplexity"]
    assert app.number_input("down").value == 100


def test_the_spot_moves_to_the_subject_of_another_picture_unless_it_was_moved(shown):
    app = opened("compare", **SMALL)
    app.get_by_key("sample").set_value("china").run()
    assert (app.number_input("down").value, app.number_input("across").value) == (410, 330)
    app.number_input("down").set_value(200).run()
    app.get_by_key("sample").set_value("cat").run()
    assert app.number_input("down").value == 200


def test_a_link_to_what_is_not_here_says_so(shown):
    app = opened("compare", **SMALL, first="twin-nothing", depth="17", down="5000", compare="nothing")
    assert not app.exception
    said = " ".join(warning.value for warning in app.warning).replace("\\", "")
    assert "model “twin-nothing”; twin-super is shown instead" in said
    assert "spot “5000”; 1000 is shown instead" in said
    assert shown[-1][0][0].title.startswith("twin-super: ")


@pytest.mark.parametrize(
    "said",
    [
        None,
        3,
        {},
        {"panel": 0},
        {"panel": 2, "row": 0, "column": 0},
        {"panel": 0, "row": -1, "column": 0},
        {"panel": 0, "row": "0", "column": 0},
        {"panel": 1, "row": 3, "column": 0},
    ],
)
def test_what_the_browser_makes_up_is_ignored(said):
    assert picked_of(said, [(4, 4), (3, 3)]) is None
    assert picked_of({"panel": 1, "row": 2, "column": 0}, [(4, 4), (3, 3)]) == Picked(1, 2, 0)


def test_blocks_of_two_models_are_compared_where_they_see_the_same_picture(shown):
    app = opened("compare", **SMALL)
    check_fine(app)
    assert "How alike are their blocks?" in texts(app)
    cap, other = (twin(name).capture for name in ("twin-super", "twin-global"))
    drawn = [json.loads(each.proto.spec) for each in app.get("plotly_chart")]
    (matrix,) = [trace for figure in drawn for trace in figure["data"] if trace["type"] == "heatmap"]
    expected = cka_matrix(cap, other)
    assert matrix["text"] == [[f"{value:.2f}" if np.isfinite(value) else "" for value in row] for row in expected]
    app = opened("compare", **SMALL, compare="pictures")
    check_fine(app)
    assert "How alike are their blocks?" not in texts(app)


def test_the_first_side_is_shown_while_others_take_long(shown, monkeypatch):
    monkeypatch.setattr("ui.panels.sides.PIXELS_AT_ONCE", 0)
    made = []
    monkeypatch.setattr("ui.view.runs._run", lambda *arguments: made.append(len(shown)) or _run(*arguments))
    app = opened("compare", sample="Rocket", size="64 px")  # which no other test runs
    check_fine(app)
    assert [len(panels) for panels, _ in shown] == [1, 3]
    assert made == [0, 0, 1]  # the sidebar's model, the first side, and with that one's map on the page the second
    check_fine(app.slider("depth").set_value(50).run())
    assert [len(panels) for panels, _ in shown] == [1, 3, 3]
    alone, both = shown[0][0][0], shown[1][0][0]
    np.testing.assert_array_equal(alone.decades, both.decades)
