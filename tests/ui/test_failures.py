"""What fails ends as one sentence on its page: errors of pages and pictures, and outputs that are not finite."""

from dataclasses import replace

import pytest
import torch
from streamlit.testing.v1 import AppTest

from stvit import STViT
from tests.support.app_support import app_at, check_fine, go_to, jpeg, opened, texts
from ui.pages.registry import PAGES
from ui.view.models import pretrained_model

READS_CAPTURE = [page.address for page in PAGES if page.reads_capture]


def broken(*_, **__):
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("page", "function"),
    [
        ("explore", "ui.panels.anchor_figures.anchor_maps"),
        ("super-tokens", "ui.pages.super_tokens.groupings"),
        ("redundancy", "ui.pages.redundancy.metric_by_depth"),
        ("rollout", "ui.pages.rollout.rollout_map"),
        ("what-if", "ui.pages.what_if.change_by_depth"),
        ("steps", "ui.panels.steps.shown.token_steps"),
        ("cost", "ui.pages.cost.scaling_curves"),
    ],
)
def test_an_error_on_a_page_is_one_sentence_and_the_others_live_on(page, function, monkeypatch, caplog):
    app = app_at()
    app.session_state["attentions"] = ["super"]
    with monkeypatch.context() as patch:
        patch.setattr(function, broken)
        go_to(app, page)
        assert not app.exception
        (error,) = app.error
        assert error.value.startswith("“")
        assert "cannot be shown: division by zero." in error.value
        assert "Traceback" not in error.value
        assert "ZeroDivisionError" in caplog.text  # with its trace, for the server's log
        check_fine(go_to(app, "steps" if page == "cost" else "cost"))
    check_fine(go_to(app, page))


def handle_with(number: float):
    """Return the demo model with one weight that ruins every output."""
    handle = pretrained_model("demo")
    model = STViT(handle.model.config).eval()
    model.load_state_dict(handle.model.state_dict())
    model.class_names = handle.model.class_names
    with torch.no_grad():
        next(model.parameters()).fill_(number)
    return replace(handle, network=model, digest=f"ruined by {number}")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 3e38])
def test_outputs_that_are_not_finite_are_one_sentence_and_no_page_closes(number, monkeypatch):
    monkeypatch.setattr("ui.sidebar.choose.pretrained_model", lambda _: handle_with(number))
    app = opened()
    for page in READS_CAPTURE:
        go_to(app, page)
        assert not app.exception
        assert any("finite" in words for words in (*(e.value for e in app.error), *(w.value for w in app.warning)))
    check_fine_but_for_the_sentence(go_to(app, "cost"))
    app.selectbox("weights").set_value("random").run()
    check_fine(go_to(app, "explore"))


def check_fine_but_for_the_sentence(app: AppTest) -> None:
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1


def test_a_decoder_that_fails_in_any_way_leaves_out_one_picture(monkeypatch):
    def torn(data, name):
        if name == "torn.jpg":
            raise RuntimeError("decoder gave up")
        return load(data, name=name)

    from ui.view import runs

    load = runs.load_image
    monkeypatch.setattr(runs, "load_image", torn)
    app = opened()
    files = [("torn.jpg", jpeg(90, 90), "image/jpeg"), ("whole.jpg", jpeg(70, 70), "image/jpeg")]
    app.file_uploader("upload").set_value(files).run()
    assert not app.exception
    (error,) = app.error
    assert error.value == "torn.jpg\\: decoder gave up. It is left out; the other pictures stay."
    assert "whole.jpg" in app.get_by_key("own").options[0]
    assert "56 × 56 tokens" in texts(app)
