"""The page Dataset: the reference without a folder, a sweep with one, one sentence for a wrong one, exports, links."""

import io
import json

import pandas as pd
import pytest

from analysis.commands.main import main
from analysis.figures.numbers import significant
from analysis.sweeps.reading import open_sweep
from tests.support.app_support import answer_of, app_at, check_fine, go_to, opened, opened_sidebar, texts
from tests.support.small_sweep import small_sweep
from ui.panels.export import Export
from ui.panels.extremes import link_to


@pytest.fixture
def folder(tmp_path):
    small_sweep(tmp_path / "sweep")
    return tmp_path / "sweep"


@pytest.fixture
def exports(monkeypatch) -> list[Export]:
    found: list[Export] = []
    monkeypatch.setattr(Export, "offer", lambda export: found.append(export))
    return found


def test_without_a_folder_it_shows_the_reference_and_how_to_make_a_sweep():
    app = opened("dataset")
    check_fine(app)
    assert "Over " in answer_of(app)
    assert "the median normalised entropy of super token attention is" in answer_of(app)
    assert "analysis sweep PICTURES --model demo --out" in app.code[0].value


def test_a_model_without_super_tokens_has_attention_of_its_own(folder):
    app = opened("dataset", variant="Twin global")
    check_fine(app)
    assert "the median normalised entropy of attention of the model is" in answer_of(app)
    said = json.loads((folder / "sweep.json").read_text())
    (folder / "sweep.json").write_text(json.dumps(said | {"own_attention": "Attention of the model"}))
    app = opened("dataset", dataset=str(folder))
    check_fine(app)
    assert "the median normalised entropy of attention of the model is" in answer_of(app)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_wrong_folder_is_one_sentence(tmp_path, name):
    (tmp_path / "empty").mkdir()
    app = opened("dataset", dataset=str(tmp_path / name))
    check_fine(app)
    assert "holds no complete sweep" in app.warning[0].value


def test_a_sweep_in_the_link_is_shown_and_exported_with_the_numbers_of_the_report(folder, tmp_path, exports):
    (tmp_path / "other").mkdir()
    small_sweep(tmp_path / "other" / "sweep", 1)
    app = app_at(dataset=str(folder), dataset_against=str(tmp_path / "other" / "sweep"), dataset_block="1.2")
    check_fine(go_to(app, "dataset"))
    charts = [json.loads(one.proto.spec)["data"] for one in app.get("plotly_chart")]
    assert len(charts) == 5
    for chart in (charts[0], charts[1], charts[4]):  # as everything else names them: super tokens first
        named = [trace["name"] for trace in chart if trace.get("showlegend", True)]
        assert named == ["Super token attention", "Global attention"]
    assert sum("score " in one.value for one in app.caption) >= 2
    assert app.selectbox("dataset_block").value == "1.2"
    table = exports[-1].report.table()
    spread = table[table["table"] == "distributions"]
    own = spread[(spread["attention"] == "super") & (spread["block"] == 0)].iloc[0]
    assert f"is {significant(own['q50'])} in stage 1, block 1" in answer_of(app)
    assert main(["report", str(folder), "--out", str(tmp_path / "told")]) == 0
    told = pd.read_csv(tmp_path / "told" / "distributions.csv")
    told = told[told["metric"] == "normalised_entropy"]
    for name in ("mean", "q05", "q50", "q95"):
        assert spread[name].tolist() == pytest.approx(told[name].tolist())
    words = exports[-1].command.split()
    assert words[:5] == ["python", "-m", "analysis", "export", "dataset"]
    assert main([*words[3:-1], str(tmp_path / "again.csv")]) == 0
    again = pd.read_csv(tmp_path / "again.csv")
    shown = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    pd.testing.assert_frame_equal(again, shown)
    assert set(again["table"]) == {"distributions", "correlations", "classes", "comparison"}
    assert exports[-1].report.content("png").startswith(b"\x89PNG")


def test_every_metric_of_the_sweep_is_shown_or_said_to_be_missing(folder):
    app = opened("dataset", dataset=str(folder))
    for metric in ("token_cosine", "effective_rank", "sinks"):
        check_fine(app.selectbox("dataset_metric").set_value(metric).run())


def test_a_picture_of_a_sweep_opens_from_its_link(folder, tmp_path):
    image = "pictures/church/0.png"
    assert link_to(open_sweep(folder), image).startswith("explore?dataset=")
    app = opened_sidebar(dataset=str(folder), swept=image)
    check_fine(app)
    assert app.session_state["view"].picture.source.name == "0.png"
    (tmp_path / image).unlink()
    app = opened_sidebar(dataset=str(folder), swept=image)
    assert "is not at hand" in app.warning[0].value
    assert "holds no complete sweep" in opened_sidebar(dataset="nowhere", swept=image).warning[0].value


def test_redundancy_says_why_a_sweep_of_another_model_is_no_comparison(folder):
    app = opened("redundancy", bands="a sweep", dataset=str(folder), attentions="Super token")
    check_fine(app)
    assert "other weights" in texts(app)
