"""Redundancy where exact numbers take long: a sample with its errors, all tokens when asked, exports that say which."""

from threading import Event

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from tests.support.app_support import answer_of, app_at, check_fine, go_to, opened_sidebar, texts
from ui.panels.export import Export
from ui.panels.ledgers import Ledger
from ui.view.store import Store


@pytest.fixture
def exports(monkeypatch) -> list[Export]:
    found: list[Export] = []
    monkeypatch.setattr(Export, "offer", lambda export: found.append(export))
    return found


@pytest.fixture
def app(monkeypatch):
    """The page on a small picture, where everything counts as long."""
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))
    monkeypatch.setattr("ui.panels.ledgers.PATIENCE", 0.0)
    monkeypatch.setattr("ui.panels.heads.PATIENCE", 0.0)
    monkeypatch.setattr("ui.panels.ledgers.ANCHORS", 20)
    return app_at(sample="Cat", size="64 px")


def button(app, label):
    (found,) = [each for each in app.button if each.label.startswith(label)]
    return found


def test_a_sample_is_measured_and_said_until_all_tokens_are_asked_for(app, exports):
    check_fine(go_to(app, "redundancy"))
    assert "means over 20 tokens of each block" in texts(app)
    assert "In stage 1, normalised entropy" in answer_of(app)
    assert "global attention" in answer_of(app)
    assert "--anchors 20" in exports[-1].command
    assert "--no-map" in exports[-1].command
    table = exports[-1].report.table()
    assert table[(table["metric"] == "entropy") & (table["stage"] == 0)]["stderr"].notna().all()
    assert len(set(table["metric"])) > 25  # every metric, not those that are drawn
    button(app, "Measure all tokens").click().run()
    check_fine(app)
    assert "means over all tokens" in texts(app)
    assert "--anchors" not in exports[-1].command
    assert exports[-1].report.table()["stderr"].isna().all()
    button(app, "Map every token").click().run()
    check_fine(app)
    assert "--no-map" not in exports[-1].command
    assert len(app.get("plotly_chart")) == 6  # four metrics, the matrix, its map


def test_why_many_pictures_cannot_be_compared_is_said_below_the_row_of_choices(app):
    check_fine(go_to(app, "redundancy"))
    order = [str(each.proto) for each in app.main]
    (said,) = [place for place, words in enumerate(order) if "The many pictures were measured at" in words]
    choices = [place for place, words in enumerate(order) if 'label: "Against depth"' in words]
    assert choices
    assert max(choices) < said


def test_what_a_sample_cannot_tell_is_said_in_words(app, exports, monkeypatch):
    monkeypatch.setattr("ui.panels.ledgers.ANCHORS", 21)
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (96,))  # of which the test above measured nothing
    app.query_params["size"] = "96 px"
    go_to(app, "redundancy")
    app.segmented_control("matrix_attention").set_value("global").run()
    check_fine(app.selectbox("matrix_metric").set_value("sinks").run())
    assert "A sample of tokens cannot tell this metric in this block" in texts(app)


def test_both_ends_of_the_heads_are_listed_and_a_click_opens_one(monkeypatch, exports):
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))
    app = app_at(sample="Cat", size="64 px", attentions="Super token", matrix_metric="Normalised entropy")
    check_fine(go_to(app, "redundancy"))
    table = exports[-1].report.table()
    entropy = table[table["metric"] == "normalised_entropy"]
    most = entropy.loc[entropy["value"].idxmax()]
    names = [each.label for each in app.button if " head " in each.label]
    assert len(names) == 6
    assert names[0].startswith(f"{most['stage'] + 1}.{most['block'] + 1} head {most['head'] + 1}: ")
    button(app, names[0]).click().run()
    words = exports[-1].settings
    assert (words.stage, words.block, words.head) == (most["stage"], most["block"], most["head"])


@pytest.fixture
def small(monkeypatch) -> Ledger:
    """The exact ledger of a small picture, with nothing measured so far."""
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))
    monkeypatch.setattr("ui.panels.ledgers.STORE", Store(2**20))
    view = opened_sidebar(sample="Cat", size="64 px").session_state["view"]
    return Ledger(view, ("super", "global"), owner=1, anchors=None)


def measuring(work, value: float = 1.0):
    """Return what stands in for the ledger."""

    def measure(*arguments, progress, **options):
        work(progress)
        return pd.DataFrame({"value": [value]})

    return measure


def test_what_is_measured_metric_by_metric_is_what_the_whole_ledger_says(small):
    whole = small.everything()
    for metrics in (["entropy", "token_cosine"], ["effective_rank", "stable_rank"]):
        part = whole[whole["metric"].isin(metrics)].reset_index(drop=True)
        assert len(part) > 0
        assert_frame_equal(small.of(metrics), part, rtol=1e-9)


def test_what_is_measured_ahead_is_measured_once(small, monkeypatch):
    begun, may_end = Event(), Event()
    monkeypatch.setattr("ui.panels.ledgers.ledger", measuring(lambda progress: (begun.set(), may_end.wait(60))))
    with small.ahead(["entropy"]):
        assert begun.wait(60)
        begun.clear()
        may_end.set()
        assert len(small.of(["entropy"])) == 1
    assert not begun.is_set()


def test_what_is_measured_ahead_stops_with_its_page(small, monkeypatch):
    begun, left, ended = Event(), Event(), Event()

    def work(progress):
        begun.set()
        assert left.wait(60)
        try:
            progress(0, 1)
        finally:
            ended.set()

    monkeypatch.setattr("ui.panels.ledgers.ledger", measuring(work))
    with small.ahead(["entropy"]):
        assert begun.wait(60)
    left.set()
    assert ended.wait(60)
    monkeypatch.setattr("ui.panels.ledgers.ledger", measuring(lambda progress: None, value=2.0))
    assert small.of(["entropy"])["value"].tolist() == [2.0]  # nothing half done was kept
