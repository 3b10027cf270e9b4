"""Steps: every step with the numbers of the record, and how one moves from step to step."""

import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.figures.numbers import percent
from analysis.one_token.contributions import relative_added, token_output
from stvit import BlockId, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.app_support import check_fine, opened, texts
from ui.panels.steps.walk import STEPS

CORNER = {"row": "0", "column": "0"}


@pytest.fixture(scope="module")
def record():
    prepared = prepare(sample_images()["china"]())
    return capture(load_pretrained("demo"), prepared.pixels, blocks=[BlockId(0, 0)])[BlockId(0, 0)]


def at(step: int, **address: str) -> AppTest:
    app = opened("steps", step=str(step), **address)
    check_fine(app)
    return app


def numbers(app: AppTest, after: str) -> list[float]:
    """Return the numbers in what the page says after some words."""
    said = texts(app).partition(after)[2]
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", said)]


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_every_step_has_formula_words_and_picture(step):
    app = at(step, **CORNER)
    (formula,) = app.latex
    assert formula.value.strip("$\n ") == STEPS[step - 1].formula
    assert f"#### {step}. {STEPS[step - 1].title}" in texts(app)
    assert len(app.get("plotly_chart")) == 2  # the picture to choose on, and the step's own
    assert "It belongs most to super token" in texts(app)


def test_a_corner_shows_its_phantoms():
    app = at(2, **CORNER)
    assert "5 of the nine lie outside the grid" in texts(app)
    weights = app.button_group("step").set_value(2).run().dataframe[0].value["weight"]
    assert weights.sum() == pytest.approx(1, abs=1e-3)


def test_no_column_of_a_table_is_out_of_sight():
    columns = json.loads(at(4).dataframe[0].proto.columns)
    widths = [columns[name]["width"] for name in ("super token", "weight", "column_sum", "share")]
    assert sum(widths) <= 304  # what the words have in a window of 1366 pixels


def test_a_block_without_super_tokens_says_so():
    app = at(1, stage="4")
    assert "no super tokens" in app.info[0].value
    assert app.info[0].value.endswith("Choose stage 1 or 2.")
    assert not app.get("plotly_chart")


def test_values_of_a_head_are_its_own(record):
    app = at(5, head="2", **CORNER)
    own, heaviest, mean = numbers(app, "In head 2, the token's own value has norm")[:3]
    weights = record.current_weights()
    value = weights.qkv(record.tokens[:1, :, 0, :1].transpose(1, 2))[2][0, 1, 0]
    of_super = weights.qkv(record.super_tokens.flatten(2).transpose(1, 2))[2][0, 1]
    assert own == pytest.approx(value.norm().item(), rel=5e-3)
    assert mean == pytest.approx(of_super[int(heaviest)].norm().item(), rel=5e-3)


def test_heads_are_listed_with_their_shares(record):
    table = at(8, **CORNER).dataframe[0].value
    output = token_output(record, 0)
    assert list(table.iloc[:, 0]) == ["head 1", "head 2", "bias"]
    np.testing.assert_allclose(table["norm"], output.norms, rtol=1e-4)
    assert table["share"].sum() == pytest.approx(100, abs=1e-3)


def test_the_bias_goes_by_the_mass_of_q(record):
    mass, lost, bias, gets = numbers(at(9, **CORNER), "of the token's row of Q, here")[:4]
    kept = 1 - record.leakage()[0, 0, 0].item()
    full = record.weights.proj_bias.norm().item()
    assert (mass, lost) == pytest.approx((kept, 1 - kept), abs=6e-4)
    assert (bias, gets) == pytest.approx((full, kept * full), rel=6e-3)
    assert kept < 0.9


def test_the_residual_is_held_against_what_attention_adds(record):
    app = at(10, **CORNER)
    residual, added, part = numbers(app, "whose norm is")[:3]
    assert residual == pytest.approx(record.residual_norm[0, 0, 0].item(), rel=6e-3)
    assert added == pytest.approx(record.output[0, :, 0, 0].norm().item(), rel=6e-3)
    assert part == pytest.approx(100 * added / residual, abs=1)
    assert f"it is {percent(float(relative_added(record).mean()), 0)} of the residual" in texts(app)


def test_buttons_move_on_and_back_and_end_at_both_ends():
    app = at(1)
    assert app.button("step_previous").disabled
    app.button("step_next").click().run()
    assert "#### 2. " in texts(app)
    app.button("step_previous").click().run()
    assert "#### 1. " in texts(app)
    assert at(len(STEPS)).button("step_next").disabled


def test_a_step_that_does_not_exist_is_said():
    app = at(99)
    assert "step “99”; 1 is shown instead" in app.warning[0].value
    assert "#### 1. " in texts(app)
