"""Every page shows every twin, or says what it cannot show."""

import pytest

from stvit.captions import NOTHING_TO_CHANGE
from tests.support.app_support import check_fine, opened, texts

SAID = {
    ("rollout", "Twin conv"): "Stage 2, block 2 mixes its tokens by a convolution and has no attention",
    ("cost", "Twin global"): "Stage 1 of this model has no super tokens (its mixer is 'global' with cell 1)",
    ("cost", "Twin window"): "Stage 1 of this model has no super tokens (its mixer is 'window' with cell 1)",
    ("cost", "Twin conv"): "Stage 1 of this model has no super tokens (its mixer is 'conv' with cell 1)",
    ("super-tokens", "Twin window"): "Stage 1, block 1 has no super tokens: its tokens attend inside windows of 7 × 7. "
    "No stage of this model has any; choose another model.",
    ("super-tokens", "Twin conv"): "Stage 3, block 1 has no super tokens (cell 1)",
    ("what-if", "Twin global"): NOTHING_TO_CHANGE,
    ("what-if", "Twin conv"): NOTHING_TO_CHANGE,
    ("steps", "Twin global"): "No stage of this model has any; choose another model.",
}


@pytest.mark.parametrize("page", ["explore", "super-tokens", "redundancy", "rollout", "what-if", "steps", "cost"])
@pytest.mark.parametrize("variant", ["Twin window", "Twin conv", "Twin global"])
def test_a_page_shows_a_twin(page, variant):
    app = opened(page, variant=variant, weights="random", size="64")
    check_fine(app)
    assert SAID.get((page, variant), "") in texts(app)
