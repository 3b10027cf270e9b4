"""Half precision in the app: offered where it pays, in the link, in titles, names and commands, and in the badge."""

import pytest
import torch

from stvit.capturing.faithfulness import replay_tolerance
from tests.support.app_support import check_fine, opened, opened_sidebar, texts
from ui.panels.export import file_name, model_options
from ui.view import precision
from ui.view.devices import on_device
from ui.view.models import random_model
from ui.view.precision import HALF, in_precision, pays


@pytest.fixture
def paying(monkeypatch):
    """Let half precision pay at any size."""
    monkeypatch.setattr(precision, "_multiplies_halves", lambda: True)
    monkeypatch.setattr(precision, "CPU_SIZES", range(10_000))


@pytest.mark.parametrize(
    ("device", "size", "has", "expected"),
    [
        ("cpu", 224, True, False),
        ("cpu", 384, True, True),
        ("cpu", 768, True, True),
        ("cpu", 1024, True, False),
        ("cpu", 384, False, False),
        ("cpu", None, True, False),
        ("mps", 1024, True, False),
        ("cuda:0", 224, True, True),
        ("cuda:0", 224, False, False),
    ],
)
def test_it_is_offered_where_it_pays(monkeypatch, device, size, has, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": has}, raising=False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has)
    assert pays(device, size) == expected


def test_where_it_does_not_pay_there_is_no_choice_and_a_link_says_so(monkeypatch):
    monkeypatch.setattr(precision, "_multiplies_halves", lambda: False)
    app = opened("steps", precision=HALF)
    check_fine(app)
    assert "Precision" not in [control.label for control in app.get("button_group")]
    assert "precision “bfloat16”" in texts(app)


def test_the_link_the_title_and_the_badge_say_it(paying):
    app = opened_sidebar(precision=HALF)
    check_fine(app)
    assert app.segmented_control("precision").value == HALF
    view = app.session_state["view"]
    assert view.handle.title.endswith(f", {HALF}")
    run = view.run()
    assert {record.output.dtype for record in run.capture.values()} == {torch.bfloat16}
    assert 1e-5 < run.as_run.replay_error() <= replay_tolerance(run.capture)
    (badge,) = [each for each in app.markdown if "Replay-verified" in each.value]
    assert "Rounding in bfloat16 explains up to" in badge.help
    in_single = check_single(app.segmented_control("precision").set_value("float32").run())
    assert in_single.key != view.key


def check_single(app):
    check_fine(app)
    view = app.session_state["view"]
    assert {record.output.dtype for record in view.run().capture.values()} == {torch.float32}
    assert "bfloat16" not in view.handle.title
    return view


def test_files_and_commands_are_named_after_it(paying):
    view = opened_sidebar(precision=HALF).session_state["view"]
    assert model_options(view) == {"model": "demo", "precision": HALF}
    assert file_name(view, "steps").endswith(f"-steps-{HALF}")
    single = opened_sidebar().session_state["view"]
    assert model_options(single) == {"model": "demo"}
    assert file_name(single, "steps").endswith("-steps")


@pytest.mark.parametrize(
    "page", ["explore", "super-tokens", "redundancy", "compare", "rollout", "what-if", "steps", "cost", "start"]
)
def test_every_page_draws_in_it(paying, monkeypatch, page):
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))
    check_fine(opened(page, precision=HALF))


def test_the_shared_model_stays_and_copies_on_devices_keep_the_type():
    handle = random_model("stvit_demo")
    half = in_precision(handle, HALF)
    assert half.in_single is handle
    assert {each.dtype for each in handle.model.parameters()} == {torch.float32}
    assert half.model is in_precision(handle, HALF).model
    assert half.digest != handle.digest
    copy = on_device(half.model, half.digest, "meta")
    assert {each.dtype for each in copy.parameters()} == {torch.bfloat16}
