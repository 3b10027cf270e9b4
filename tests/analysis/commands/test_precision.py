"""Commands run models in half precision where they are told to, and say so."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.commands.choices import PRECISIONS, AnyModelChoice, ModelChoice
from analysis.commands.main import main
from analysis.commands.subjects import chosen_any_model, chosen_model
from stvit import precision

VIEWS = {
    "groupings": ["--stage", "1"],
    "steps": ["--row", "3", "--column", "4"],
    "anchor": ["--row", "3", "--column", "4"],
    "rollout": [],
    "what-if": [],
}


def test_the_names_are_those_of_the_library() -> None:
    assert tuple(precision.PRECISIONS) == PRECISIONS


def test_the_model_and_its_title() -> None:
    model, title = chosen_model(ModelChoice(random="twin_conv", precision="bfloat16"))
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert title == "twin_conv, random weights, bfloat16"
    assert ModelChoice(precision="float16").words() == ["--precision", "float16"]


@pytest.mark.parametrize("view", VIEWS)
def test_views_are_exported(view: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "numbers.csv"
    command = ["export", view, "--sample", "cat", "--size", "64", "--precision", "bfloat16", "--out", str(out)]
    code = main([*command, *VIEWS[view]])
    assert code == 0, capsys.readouterr().err
    numbers = pd.read_csv(out).select_dtypes(float)
    assert np.isfinite(numbers.to_numpy()[:, : numbers.shape[1]]).any()


def test_measured_numbers_differ_by_rounding(tmp_path: Path) -> None:
    tables = []
    for name in ("float32", "bfloat16"):
        picture = ["--sample", "cat", "--size", "64", "--precision", name]
        assert main(["export", "redundancy", *picture, "--out", str(tmp_path / f"{name}.csv")]) == 0
        tables.append(pd.read_csv(tmp_path / f"{name}.csv").query("metric == 'entropy'")["value"])
    apart = (tables[0] - tables[1]).abs().max()
    assert 0 < apart < 0.05


def test_a_backbone_in_half_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="A backbone runs in float32, got --precision bfloat16; leave it out"):
        chosen_any_model(AnyModelChoice(backbone=tmp_path, precision="bfloat16"))
