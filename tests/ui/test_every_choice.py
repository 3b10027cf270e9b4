"""Every page with every metric, attention and model: a choice may lack something, and says so; none breaks a page."""

from functools import partial

import pytest

from analysis import ledger
from analysis.attention.kinds import KINDS
from analysis.changes import CHANGES
from analysis.grouping.methods import METHODS
from analysis.redundancy.groups import listed_title
from tests.support.app_support import app_at, check_fine, go_to
from ui.pages.redundancy import EXACT
from ui.pages.registry import PAGES

pytestmark = pytest.mark.slow

MODELS = {
    "demo": {"variant": "STViT demo", "weights": "demo"},
    "small": {"variant": "STViT-S", "weights": "random"},
    "random": {"variant": "STViT demo", "weights": "random"},
}


@pytest.fixture(params=MODELS)
def app(request, monkeypatch):
    """The app before its first run, on small pictures; as on large ones, ranks are exact in some blocks only."""
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))
    monkeypatch.setattr("ui.panels.ledgers.ledger", partial(ledger, exact_tokens=100))
    return app_at(**MODELS[request.param])


@pytest.mark.parametrize("page", [page.address for page in PAGES])
def test_every_page_draws_every_stage(app, page):
    check_fine(go_to(app, page))
    for stage in range(4):
        if any(control.key == "stage" for control in app.get("button_group")):
            check_fine(app.segmented_control("stage").set_value(stage).run())


@pytest.mark.parametrize("kind", KINDS)
def test_redundancy_draws_every_metric_of_every_attention(app, kind):
    app.session_state["attentions"] = [kind]
    app.session_state["metrics"] = EXACT
    check_redundancy(go_to(app, "redundancy"))
    app.multiselect("metrics").set_value([]).run()
    titles = {listed_title(name): name for name in EXACT}
    for title in app.selectbox("matrix_metric").options:
        check_fine(app.selectbox("matrix_metric").set_value(titles[title]).run())


def test_redundancy_draws_every_metric_of_all_attentions_together(app):
    app.session_state["attentions"] = list(KINDS)
    app.session_state["metrics"] = EXACT
    check_redundancy(go_to(app, "redundancy"))
    app.multiselect("metrics").set_value([]).run()
    for kind in KINDS:
        check_fine(app.segmented_control("matrix_attention").set_value(kind).run())


def check_redundancy(app) -> None:
    check_fine(app)
    assert len(app.get("plotly_chart")) == len(EXACT) + 2  # the matrix and its map


def test_every_grouping_and_every_change_draws(app):
    go_to(app, "super-tokens")
    for resolution in ("token", "pixel"):
        app.segmented_control("resolution_of_methods").set_value(resolution).run()
        check_fine(app.get_by_key("methods").set_value(list(METHODS)).run())
    go_to(app, "what-if")
    for change in CHANGES:
        check_fine(app.selectbox("change_of_association").set_value(change).run())
