"""Levels of colour in Python are those of the explorer's JavaScript."""

import json

import numpy as np
import pytest

from analysis.figures.colour_scales import levels_of, top_of
from tests.support.explorer_support import node
from tests.support.paths import ROOT

SCALE, NUMBERS = ((ROOT / "ui" / "explorer" / "web" / name).as_uri() for name in ("scale.js", "numbers.js"))
ASK = """
const { barTicks, toLevels, topOf } = await import(process.argv[1]);
const { formatWeight } = await import(process.argv[2]);
const { values, scale } = JSON.parse(process.argv[3]);
const sorted = Float64Array.from(values).toSorted();
const bar = { scale, top: topOf(values), uniform: 1 / values.length, sorted };
const levels = [...toLevels(values, bar, new Uint8Array(values.length))];
console.log(JSON.stringify({ top: bar.top, levels, ticks: barTicks(bar).map(formatWeight) }));
"""

MAPS = {
    "skewed": np.random.default_rng(0).lognormal(-3, 2, (4, 6)),
    "equal": np.full((3, 3), 0.25),
    "zeros": np.zeros((2, 3)),
    "ties": np.array([[0.0, 0.2, 0.2], [1e-9, 0.7, 0.2]]),
    "one": np.array([[0.5]]),
}


@pytest.mark.parametrize("scale", ["uniform", "linear", "log", "rank"])
@pytest.mark.parametrize("values", MAPS.values(), ids=MAPS)
def test_levels_and_ticks_are_those_of_the_browser(values, scale):
    question = json.dumps({"values": values.ravel().tolist(), "scale": scale})
    told = json.loads(node("--input-type=module", "-e", ASK, SCALE, NUMBERS, question))
    found = levels_of(values, scale, top_of(values))
    assert top_of(values) == pytest.approx(told["top"])
    assert np.abs(found.of.ravel() * 255 - told["levels"]).max() <= 0.5 + 1e-9
    assert [tick.removesuffix("×") for tick in found.ticks] == told["ticks"]


def test_what_is_no_number_lies_at_the_start():
    values = np.array([[np.nan, 0.5], [np.inf, 1.0]])
    assert top_of(values) == 1
    assert levels_of(values, "linear", 1.0).of.tolist() == [[0, 0.5], [0, 1]]


def test_a_scale_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="Scales are uniform, linear, log and rank, got 'dB'"):
        levels_of(np.zeros((1, 1)), "dB", 1.0)
