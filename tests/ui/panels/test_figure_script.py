"""The comparison with the released figure script on Explore."""

import numpy as np
import pytest

from analysis.figures.canvas import Anchor
from analysis.one_token.figure_script import DIFFERENCES, script_effects
from analysis.one_token.region import Region
from stvit import BlockId, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.app_support import check_fine, opened, texts
from tests.support.tiny import tiny_model, tiny_pixels
from ui.panels import figure_script


def test_a_link_opens_the_comparison_with_its_numbers():
    app = opened(figure_script="true", sample="Cat", stage="2", row="20", column="2")
    check_fine(app)
    record = capture(load_pretrained("demo"), prepare(sample_images()["cat"](), 224).pixels)[BlockId(1, 0)]
    expected = script_effects(record, record.grid.token(20, 2))
    (shown,) = app.dataframe
    np.testing.assert_allclose(shown.value["correlation"], expected["correlation"], atol=1e-4)
    np.testing.assert_allclose(shown.value["brightest tenth"], expected["brightest"])
    assert list(shown.value["difference"])[:-1] == list(DIFFERENCES.values())
    overall = expected.set_index("difference").loc["all", "correlation"]
    assert f"correlates with what the block computes by {overall:.2f}" in texts(app)


def test_of_a_region_the_token_in_it_is_compared_which_is_said():
    asked = {"figure_script": "true", "sample": "Cat", "stage": "1", "row": "20", "column": "2"}
    said = "so the token (20, 2) is compared, not the pinned rectangle"
    app = opened(**asked, region="rectangle")
    check_fine(app)
    assert said in texts(app)
    assert "not the pinned" not in texts(opened(**asked))


def test_a_block_without_super_tokens_has_no_switch():
    app = opened(figure_script="true", sample="Cat", stage="3")
    check_fine(app)
    assert not [one for one in app.toggle if one.key == "figure_script"]
    assert "Released figure script" not in texts(app)


@pytest.mark.usefixtures("unchecked")
def test_a_block_whose_tokens_have_one_super_token_each_has_no_switch(monkeypatch):
    def never(*given, **named) -> None:
        pytest.fail("There is a switch.")

    monkeypatch.setattr(figure_script.st, "toggle", never)
    record = capture(tiny_model(), tiny_pixels(1), association="hard")[BlockId(0, 0)]
    figure_script.show_figure_script(None, record, None, Anchor(0, 0), Region())
