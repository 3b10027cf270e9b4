"""Every page and control of the app, driven without a browser."""

import io
import json
import multiprocessing
import os
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from analysis.redundancy.catalogue import CATALOGUE
from stvit import create_model
from tests.support.app_support import PANELS, check_fine, exports_of, go_to, opened, texts
from ui.pages.registry import PAGES
from ui.view.models import pretrained_model


@pytest.fixture
def app() -> AppTest:
    return opened()


def test_starts_on_a_sample_with_all_panels(app):
    check_fine(app)
    assert all(panel in texts(app) for panel in PANELS)
    assert len(app.get("plotly_chart")) == len(PANELS)


def test_a_process_that_is_started_from_the_app_does_not_run_the_app_again():
    opened()
    process = multiprocessing.get_context("spawn").Process(target=os.getpid)
    process.start()
    process.join(60)
    assert process.exitcode == 0


@pytest.mark.parametrize("page", [page.address for page in PAGES])
def test_every_page_draws(app, page):
    check_fine(go_to(app, page))


def test_random_weights_are_announced(app):
    app.selectbox("weights").set_value("random").run()
    check_fine(app)
    assert any("Random weights" in warning.value for warning in app.warning)


@pytest.mark.parametrize("stage", range(4))
def test_every_block_can_be_explored(app, stage):
    app.segmented_control("stage").set_value(stage).run()
    for block in app.segmented_control("block").options:
        app.segmented_control("block").set_value(int(block) - 1).run()
        check_fine(app)
        assert f"stage {stage + 1}, block {block}" in texts(app)


def test_every_head_can_be_chosen(app):
    for head in ("0", "1", "mean"):
        check_fine(app.segmented_control("head").set_value(head).run())


def test_block_and_head_that_a_stage_lacks_are_replaced(app):
    app.segmented_control("stage").set_value(3).run()
    app.segmented_control("head").set_value("7").run()
    app.segmented_control("stage").set_value(2).run()
    app.segmented_control("block").set_value(3).run()
    app.segmented_control("stage").set_value(0).run()
    check_fine(app)
    assert app.segmented_control("head").value == "mean"
    assert app.segmented_control("block").value == 0


def test_anchor_moves_and_keeps_its_place_between_stages(app):
    app.number_input("row").set_value(10).run()
    app.number_input("column").set_value(55).run()
    check_fine(app)
    assert "anchor (10, 55)" in texts(app)
    app.segmented_control("stage").set_value(1).run()
    assert (app.number_input("row").value, app.number_input("column").value) == (5, 27)


def test_anchor_comes_back_to_its_place_through_coarser_grids(app):
    app.number_input("row").set_value(33).run()
    app.number_input("column").set_value(12).run()
    places = []
    for stage in (3, 0, 2, 1, 0):
        app.segmented_control("stage").set_value(stage).run()
        places.append((app.number_input("row").value, app.number_input("column").value))
    assert places == [(4, 1), (33, 12), (8, 3), (16, 6), (33, 12)]
    app.number_input("row").set_value(2).run()  # another choice counts from now on
    app.segmented_control("stage").set_value(3).run()
    app.segmented_control("stage").set_value(0).run()
    assert (app.number_input("row").value, app.number_input("column").value) == (2, 12)


def anchor(app) -> tuple[int, int]:
    return app.number_input("row").value, app.number_input("column").value


def test_the_first_anchor_is_on_the_building_and_stays_there():
    app = opened()
    places = []
    for stage in (0, 3, 1, 0):
        app.segmented_control("stage").set_value(stage).run()
        places.append(anchor(app))
    assert places == [(22, 11), (2, 1), (11, 5), (22, 11)]
    app.segmented_control("framing").set_value("whole").run()
    assert anchor(app) == (int(0.41 * 56), int(0.33 * 80))


def test_an_anchor_at_home_is_in_the_middle_of_other_pictures():
    app = opened()
    for name, home in (("cat", (27, 27)), ("china", (22, 11)), ("rocket", (27, 27))):
        app.button_group("sample").set_value(name).run()
        check_fine(app)
        assert anchor(app) == home
    app.number_input("row").set_value(3).run()
    app.button_group("sample").set_value("china").run()
    assert anchor(app) == (3, 11)  # a row that somebody chose stays, the other one follows the picture


def test_the_sample_has_its_attribution_and_the_demo_its_limits():
    said = texts(opened())
    assert "China: danielbuechele, CC BY 2.0." in said
    assert "Only China shows one of the demo model's ten classes." in said


def test_the_middle_stays_the_middle():
    app = opened(sample="Cat")
    for stage in (3, 1, 0):
        app.segmented_control("stage").set_value(stage).run()
    assert app.number_input("row").value == (56 - 1) // 2


def test_a_place_from_the_address_survives_a_change_of_page():
    app = opened(stage="2", block="2", row="3")
    go_to(app, "steps")
    check_fine(app)
    chosen = app.segmented_control("stage").value, app.segmented_control("block").value
    assert (*chosen, app.number_input("row").value) == (1, 1, 3)


def test_every_sample_works(app):
    names = app.get_by_key("sample").options
    assert len(names) == 7
    for name in names:
        check_fine(app.get_by_key("sample").set_value(name.lower()).run())


def test_other_variants_sizes_and_framings_work(app):
    check_fine(app.selectbox("variant").set_value("stvit_small").run())
    check_fine(app.selectbox("size").set_value(288).run())
    assert "72 × 72 tokens" in texts(app)
    app.segmented_control("framing").set_value("whole").run()
    app.get_by_key("sample").set_value("coffee").run()
    check_fine(app)
    assert "72 × 112 tokens" in texts(app)


def test_bad_weights_become_one_sentence(app):
    app.selectbox("weights").set_value("upload").run()
    check_fine(app)
    app.file_uploader("weights_file").set_value(("page.pth", b"<html>quota</html>", "application/octet-stream")).run()
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith("'page.pth' ")
    assert "upload" not in error.value  # the name of the file in between is nobody's


def test_own_weights_are_used(app, tmp_path):
    from stvit.weights.load import save_weights

    model = create_model("stvit_demo", num_classes=3, depths=(1, 1, 1, 1))
    save_weights(model, tmp_path / "own.safetensors")
    app.selectbox("weights").set_value("upload").run()
    data = (tmp_path / "own.safetensors").read_bytes()
    app.file_uploader("weights_file").set_value(("own.safetensors", data, "application/octet-stream")).run()
    check_fine(app)
    assert "own.safetensors · china · 224 × 224 px · stage 1, block 1" in texts(app)
    assert "The file has settings of its own" in texts(app)
    assert app.segmented_control("block").options == ["1"]


def test_the_variant_is_that_of_the_file_until_another_is_chosen(app):
    file = io.BytesIO()
    torch.save(create_model("stvit_small", num_classes=3).state_dict(), file)
    app.selectbox("weights").set_value("upload").run()
    app.file_uploader("weights_file").set_value(("mine.pth", file.getvalue(), "application/octet-stream")).run()
    check_fine(app)
    assert app.selectbox("variant").value == "stvit_small"
    assert "STViT-S, mine.pth · china" in texts(app)
    app.selectbox("variant").set_value("stvit_demo").run()
    check_fine(app)
    assert (app.selectbox("variant").value, app.selectbox("weights").value) == ("stvit_demo", "demo")
    assert "STViT demo, trained at 224 px · china" in texts(app)


def test_captions_name_picture_and_the_resolution_that_is_used(app):
    app.selectbox("size").set_value(288).run()
    app.segmented_control("framing").set_value("whole").run()
    check_fine(app)
    assert "STViT demo, trained at 224 px · china · 416 × 288 px · stage 1, block 1" in texts(app)


@pytest.mark.parametrize("weights", ["from a file", "pretrained"])
def test_averaged_weights_that_were_taken_are_said(monkeypatch, weights):
    app, note = opened(), "Took the averaged weights under 'ema'."
    if weights == "pretrained":
        handle = replace(pretrained_model("demo"), notes=(note,))
        monkeypatch.setattr("ui.sidebar.choose.pretrained_model", lambda _: handle)
        app.run()
    else:
        file = io.BytesIO()
        torch.save({"ema": create_model("stvit_small").state_dict()}, file)
        app.selectbox("weights").set_value("upload").run()
        data = ("many.pth", file.getvalue(), "application/octet-stream")
        app.file_uploader("weights_file").set_value(data).run()
    check_fine(app)
    assert note in [caption.value for caption in app.sidebar.caption]


def test_super_tokens_page_draws_each_way(app):
    go_to(app, "super-tokens")
    for drawing in ("means", "labels", "boundaries"):
        check_fine(app.segmented_control("drawing").set_value(drawing).run())
    check_fine(app.segmented_control("resolution_of_methods").set_value("pixel").run())
    pixels, tokens = (table.value.set_index("grouping") for table in app.dataframe)
    assert {*tokens.index, *pixels.index} == {"Regular grid", "Learned super tokens", "SLIC"}
    assert tokens.loc["Learned super tokens", "agreement"] == pytest.approx(1)
    assert pixels.loc["Regular grid", "compactness"] == pytest.approx(np.pi / 4)


def test_super_tokens_page_compares_every_method_and_scrubs(app):
    go_to(app, "super-tokens")
    app.get_by_key("methods").set_value(["grid", "super", "felzenszwalb", "soft_kmeans"]).run()
    check_fine(app)
    check_fine(app.slider("sampling_iterations").set_value(0).run())
    table = app.dataframe[0].value.set_index("grouping")
    assert len(table) == 4
    found = table.loc["Sampled, 0 iterations (model: 1)", "compactness"]
    assert found == table.loc["Regular grid", "compactness"] == pytest.approx(np.pi / 4)
    app.get_by_key("methods").set_value([]).run()
    assert "at least one grouping" in app.info[0].value


def test_super_tokens_page_explains_stages_without_them(app):
    go_to(app, "super-tokens")
    app.segmented_control("stage").set_value(2).run()
    check_fine(app)
    assert "has no super tokens" in app.info[0].value


def test_choices_survive_a_change_of_page(app):
    app.segmented_control("stage").set_value(1).run()
    app.number_input("row").set_value(3).run()
    go_to(app, "super-tokens")
    assert app.segmented_control("stage").value == 1
    go_to(app, "explore")
    check_fine(app)
    assert app.segmented_control("stage").value == 1
    assert app.number_input("row").value == 3


def explorer_mounts(app):
    """Return what the three mounts of the explorer are told; the sidebar has a mount of its own."""
    return [mount.proto for mount in app.get("bidi_component") if mount.proto.component_name == "stvit_explorer"]


def test_live_explorer_is_what_opens_first():
    live = opened(mode="Nonsense", stage="2", row="5")
    check_fine(live)
    assert live.segmented_control("mode").value == "Live"
    told, scene, block = explorer_mounts(live)
    assert json.loads(told.json).items() >= {"stage": 1, "block": 0, "row": 5, "column": 5}.items()
    assert scene.bytes
    assert block.bytes


def test_a_live_view_that_would_send_too_much_is_offered_smaller(monkeypatch):
    monkeypatch.setattr("ui.explorer.smaller.BUDGET", 2_000_000)
    app = opened("explore", mode="Live", size="384 px")
    assert "more than its limit of 2 MB" in app.warning[0].value
    assert not explorer_mounts(app)
    next(button for button in app.button if button.label.startswith("Show it at")).click().run()
    check_fine(app)
    assert len(explorer_mounts(app)) == 3
    assert app.selectbox("size").value == 224


LOOK = {"direction": "incoming", "scale": "log", "range": "shared", "opacity": "0.3", "boundaries": "both"}


def test_a_link_decides_how_the_live_explorer_shows_attention():
    live = opened(mode="Live", **LOOK)
    check_fine(live)
    told = json.loads(explorer_mounts(live)[0].json)
    assert told["look"] == {
        "incoming": True,
        "scale": "log",
        "shared": True,
        "opacity": 0.3,
        "boundaries": True,
        "outlines": True,
    }
    live.segmented_control("direction").set_value("outgoing").run()
    check_fine(live)
    told = json.loads(explorer_mounts(live)[0].json)
    assert (told["look"]["incoming"], told["look"]["scale"]) == (False, "log")


def test_a_link_decides_the_colour_range_of_the_figures():
    linked = opened(range="shared")
    check_fine(linked)
    assert linked.segmented_control("range").value == "shared"
    shared = tops(linked)
    assert len(set(shared)) == 1
    linked.segmented_control("range").set_value("per panel").run()
    assert len(set(tops(linked))) == len(shared)


def tops(app) -> list[float]:
    """Return the largest value of the colour bar of each attention panel."""
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return [layer["zmax"] for figure in figures[1:-1] for layer in figure["data"] if layer["type"] == "heatmap"]


def test_address_opens_a_view():
    linked = opened(sample="Coffee", stage="2", row="5")
    check_fine(linked)
    assert linked.get_by_key("sample").value == "coffee"
    assert (linked.segmented_control("stage").value, linked.number_input("row").value) == (1, 5)


@pytest.mark.parametrize("variant", ["grid", "slic", "felzenszwalb", "masked", "hard"])
def test_what_if_shows_each_other_association(app, variant):
    go_to(app, "what-if")
    check_fine(app.selectbox("change_of_association").set_value(variant).run())
    assert app.metric[0].label == "KL divergence of the prediction"


def test_what_if_scrubs_through_iterations(app):
    go_to(app, "what-if")
    app.selectbox("change_of_association").set_value("iterations").run()
    check_fine(app)
    assert app.metric[0].value != "0 nats"
    assert re.search(r"18 changes(, \d+)? keeps? the class", texts(app))
    check_fine(app.slider("parameter_of_change_iterations").set_value(1).run())  # what the model itself does
    assert app.metric[0].value == "0 nats"
    assert "Nothing changes" in texts(app)


def test_probabilities_are_written_alike_everywhere(app):
    """Beside the sidebar: in the answer and the heading of Rollout, and in the table of What if."""
    shown = [bar.proto.text for bar in go_to(app, "rollout").get("progress")]
    name, share = shown[0].split(": ")
    assert f"The model gives {name} {share}:" in texts(app)
    assert f"{name.capitalize()} ({share})" in texts(app)
    trials = go_to(app, "what-if").dataframe[0]
    (unchanged,) = trials.value[trials.value["change"] == "As it is"].to_dict("records")
    columns = json.loads(trials.proto.columns)
    for name, share in (one.split(": ") for one in shown):
        assert columns[name]["type_config"]["format"] % unchanged[name] == share
        assert "width" not in columns[name]  # or the names of classes would be cut


def test_what_if_calls_metrics_what_all_pages_call_them(app):
    before_and_after = go_to(app, "what-if").dataframe[1].value
    assert {"Mass kept", "Entropy", "Effective rank"} <= set(before_and_after["metric"])
    assert set(before_and_after["metric"]) <= {entry.title for entry in CATALOGUE.values()}


def test_what_if_explains_stages_without_super_tokens(app):
    go_to(app, "what-if")
    check_fine(app.segmented_control("stage").set_value(3).run())
    assert "has no super tokens" in app.info[0].value


def sliders_of_cost(app) -> tuple[int, ...]:
    """Return rows and columns of tokens, cell and channels."""
    return tuple(app.slider(f"cost_{name}").value for name in ("rows", "columns", "cell", "channels"))


def test_cost_page_follows_its_sliders(app):
    go_to(app, "cost")
    for name, value in (("rows", 16), ("columns", 16), ("cell", 4), ("channels", 64)):
        app.slider(f"cost_{name}").set_value(value).run()
    check_fine(app)
    assert app.metric[0].value == f"{(2 * 256**2 * 64 + 4 * 256 * 64**2) / 1e6:,.1f} M MAC"


def test_cost_page_starts_from_the_stage_of_the_model_and_the_picture(app):
    go_to(app, "cost")
    assert sliders_of_cost(app) == (56, 56, 8, 48)
    app.segmented_control("framing").set_value("whole").run()  # of China: 224 x 320 px
    check_fine(app)
    assert sliders_of_cost(app) == (56, 80, 8, 48)
    app.segmented_control("cost_stage").set_value(1).run()
    assert sliders_of_cost(app) == (28, 40, 4, 96)
    app.selectbox("size").set_value(384).run()
    app.selectbox("variant").set_value("stvit_small").run()
    check_fine(app)
    assert sliders_of_cost(app) == (48, 72, 4, 128)  # 384 x 576 px


def test_reset_undoes_what_the_sliders_of_cost_changed(app):
    go_to(app, "cost")
    assert app.button("cost_reset").disabled
    app.slider("cost_rows").set_value(100).run()
    app.slider("cost_cell").set_value(2).run()
    go_to(go_to(app, "explore"), "cost")
    assert sliders_of_cost(app) == (100, 56, 2, 48)  # a departure lasts over pages
    app.button("cost_reset").click().run()
    check_fine(app)
    assert sliders_of_cost(app) == (56, 56, 8, 48)
    assert app.button("cost_reset").disabled


def test_a_link_decides_the_stage_and_the_sliders_of_cost():
    asked = {"rows": "10", "columns": "20", "cell": "3", "channels": "72"}
    linked = opened("cost", cost_stage="2", **{f"cost_{name}": value for name, value in asked.items()})
    check_fine(linked)
    assert linked.segmented_control("cost_stage").value == 1
    assert sliders_of_cost(linked) == (10, 20, 3, 72)
    linked.button_group("sample").set_value("cat").run()
    linked.selectbox("size").set_value(384).run()
    assert sliders_of_cost(linked) == (48, 48, 4, 96)  # another grid ends the departure


@pytest.mark.parametrize("value", ["", "null", "-1", "1e999", "<b>", "9" * 400])
def test_no_slider_of_cost_in_an_address_breaks_the_page(value):
    names = ("stage", "rows", "columns", "cell", "channels")
    check_fine(opened("cost", **{f"cost_{name}": value for name in names}).run())


def test_cost_page_measures_when_asked(app, monkeypatch):
    monkeypatch.setattr("ui.pages.cost.MEASURED_SIZES", {"super": (64, 96), "global": (64,)})
    go_to(app, "cost")
    before = len(app.get("plotly_chart"))
    check_fine(next(button for button in app.button if "Measure" in button.label).click().run())
    assert len(app.get("plotly_chart")) == before + 1


def test_redundancy_page_follows_its_choices(app):
    app.segmented_control("stage").set_value(3).run()
    go_to(app, "redundancy")
    app.get_by_key("attentions").set_value(["super"]).run()
    app.multiselect("metrics").set_value(["perplexity", "token_cosine"]).run()
    check_fine(app)
    for metric in ("effective_rank", "top_mass"):
        check_fine(app.selectbox("matrix_metric").set_value(metric).run())
    app.get_by_key("attentions").set_value([]).run()
    assert "at least one kind" in app.info[0].value


def test_redundancy_page_offers_the_metrics_that_the_attention_has(app):
    go_to(app, "redundancy")
    app.segmented_control("matrix_attention").set_value("global").run()
    assert "Effective rank estimate" not in app.selectbox("matrix_metric").options  # it stands where the rank does
    check_fine(app.selectbox("matrix_metric").set_value("effective_rank").run())
    assert "Hollow squares are estimates" in texts(app)
    assert "**Effective rank** (hollow: estimates)" in texts(app)
    check_fine(app.segmented_control("matrix_attention").set_value("super").run())  # its ranks are all exact
    assert "Hollow squares" not in texts(app)
    assert app.selectbox("matrix_metric").value == "effective_rank"
    app.segmented_control("matrix_attention").set_value("global").run()
    go_to(app, "what-if")
    go_to(app, "redundancy")
    assert app.segmented_control("matrix_attention").value == "global"
    app.get_by_key("attentions").set_value(["super"]).run()  # what the matrix was of is no longer measured
    check_fine(app)
    assert app.segmented_control("matrix_attention").value == "super"


def test_rollout_page_starts_anywhere_and_weighs_by_class(app):
    go_to(app, "rollout")
    check_fine(app)
    assert len(app.get("plotly_chart")) == 2 + 4  # the picture, its pixels, four stages
    assert "The model gives " in texts(app)
    app.multiselect("weighted_by").set_value(["predicted", "attention", "0"]).run()
    check_fine(app)
    assert len(app.get("plotly_chart")) == 2 + 4 + 2  # two more classes beside the first
    app.multiselect("weighted_by").set_value(["predicted"]).run()
    app.segmented_control("rollout_start").set_value("token").run()
    app.segmented_control("stage").set_value(1).run()
    check_fine(app)
    assert len(app.get("plotly_chart")) == 2 + 2
    check_fine(app.toggle("less_mean").set_value(True).run())
    check_fine(app.toggle("rollout_convolutions").set_value(False).run())


def start(app: AppTest, words: str) -> None:
    """Press the button that starts long work."""
    (button,) = [button for button in app.button if words in button.label]
    check_fine(button.click().run())


def test_rollout_page_measures_faithfulness_and_receptive_fields_when_asked(app, monkeypatch):
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))
    go_to(app, "rollout")
    before = len(app.get("plotly_chart"))
    app.get_by_key("orders").set_value(["rollout", "random"]).run()
    start(app, "Measure deletion and insertion")
    assert len(app.get("plotly_chart")) == before + 2
    start(app, "Measure receptive fields")
    assert len(app.get("plotly_chart")) == before + 2 + 3
    assert len(app.code) == 3  # each has an export of its own
    check_fine(app.get_by_key("groups").set_value([]).run())
    assert "at least one grouping" in texts(app)


def test_what_if_takes_parts_out(app, monkeypatch):
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))
    go_to(app, "what-if")
    metrics, charts = len(app.metric), len(app.get("plotly_chart"))
    check_fine(app.multiselect("numbers").set_value(["0", "3"]).run())
    assert len(app.metric) == metrics + 3
    start(app, "Take out each of 4 super tokens by itself")
    assert len(app.get("plotly_chart")) == charts + 1
    assert exports_of(app) == ["Export this change", "Export all changes", "Export ablation"]
    check_fine(app.segmented_control("how").set_value("mean").run())
    check_fine(app.segmented_control("taken_out").set_value("heads").run())
    start(app, "Take out each of 2 heads by itself")
    assert len(app.get("plotly_chart")) == charts + 1


def test_export_offers_figures_numbers_and_the_command(app):
    app.number_input("row").set_value(24).run()
    check_fine(app)
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["PNG", "SVG", "PDF", "CSV", "NPZ"]
    (command,) = app.code
    assert command.value.startswith("python -m analysis export anchor --sample china ")
    assert "--stage 1 --block 1 --row 24 --column 11" in command.value
