"""Every export works for every twin, or ends in one sentence."""

import pytest

from analysis.commands.main import main
from stvit.captions import NOTHING_TO_CHANGE

NOTHING = {
    ("twin_conv", "anchor"): "Stage 1, block 1 mixes its tokens by a convolution and has no attention",
    ("twin_conv", "steps"): "Stage 1, block 1 mixes its tokens by a convolution and has no attention",
    ("twin_conv", "groupings"): "Stage 1, block 1 mixes its tokens by a convolution and has no attention",
    ("twin_conv", "redundancy"): "Stage 1, block 1 mixes its tokens by a convolution and has no attention",
    ("twin_conv", "rollout"): "Stage 2, block 2 mixes its tokens by a convolution and has no attention",
    ("twin_conv", "cost"): "Stage 1 of this model has no super tokens (its mixer is 'conv' with cell 1)",
    ("twin_conv", "what-if"): NOTHING_TO_CHANGE,
    ("twin_window", "what-if"): NOTHING_TO_CHANGE,
    ("twin_window", "steps"): "Stage 1, block 1 has no super tokens: its tokens attend inside windows of 7 × 7.",
    ("twin_window", "groupings"): "Stage 1, block 1 has no super tokens: its tokens attend inside windows of 7 × 7. "
    "No stage of this model has any; choose another model.",
    ("twin_window", "cost"): "Stage 1 of this model has no super tokens (its mixer is 'window' with cell 1)",
}
VIEWS = {"anchor": ["--row", "3", "--column", "4"], "steps": ["--row", "3", "--column", "4"], "rollout": [], "cost": []}
VIEWS |= {"groupings": [], "redundancy": [], "what-if": []}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("model", ["twin_window", "twin_conv"])
def test_an_export_of_a_twin_is_written_or_says_why_not(model, view, tmp_path, capsys):
    picture = [] if view == "cost" else ["--sample", "cat", "--size", "64"]
    out = tmp_path / "found.csv"
    command = ["export", view, *picture, *VIEWS[view], "--random", model, "--out", str(out)]
    expected, code = NOTHING.get((model, view)), main(command)
    said = capsys.readouterr().err
    if expected is None:
        assert (code, said) == (0, "")
        assert out.stat().st_size > 0
    else:
        assert code == 1
        assert expected in said
        assert said.strip().count("\n") == 0


def test_blocks_of_convolutions_do_not_keep_later_blocks_from_export(tmp_path):
    place = ["--stage", "3", "--block", "1", "--row", "1", "--column", "1"]
    out = tmp_path / "found.csv"
    command = [
        "export",
        "anchor",
        "--sample",
        "cat",
        "--size",
        "64",
        *place,
        "--random",
        "twin_conv",
        "--out",
        str(out),
    ]
    assert main(command) == 0
    assert out.stat().st_size > 0
