"""The table of recipes in docs/training.md holds the numbers of the presets."""

import re

import pytest

from tests.support.paths import ROOT
from training.presets import PRESETS

TEXT = (ROOT / "docs" / "training.md").read_text()
HEAD, _, *ROWS = (
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT[TEXT.index("| | `paper_small`") :].partition("\n\n")[0].splitlines()
)
COLUMNS = [(re.findall(r"`(\w+)`", cell), number) for number, cell in enumerate(HEAD) if "`" in cell]
CELLS = [(name, number) for names, number in COLUMNS for name in names]


def numbers(cell):
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", cell)]


def row(start):
    return next(cells for cells in ROWS if cells[0].startswith(start))


def test_every_preset_has_a_column():
    assert {name for name, _ in CELLS} == set(PRESETS)


@pytest.mark.parametrize(("name", "column"), CELLS)
def test_the_numbers_are_those_of_the_presets(name, column):
    config = PRESETS[name]
    assert numbers(row("epochs")[column])[:2] == [config.epochs, config.warmup_epochs]
    assert numbers(row("AdamW")[column]) == [config.lr, config.lr_batch, config.weight_decay]
    assert numbers(row("image size")[column]) == [side for _, side in config.sizes]
    assert numbers(row("crops")[column]) == list(config.crop_scale)
    assert numbers(row("draws")[column]) == [config.repeats]
    assert numbers(row("EMA")[column]) == [config.ema_decay]
    assert numbers(row("random erasing")[column]) == [config.erase]
    assert (row("gradient clipping")[column] == "none") == (config.clip_norm is None)
