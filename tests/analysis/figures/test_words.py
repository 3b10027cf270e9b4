"""Hostile words in captions: drawn as they are, in every format."""

import warnings
from xml.etree import ElementTree

import numpy as np
import pytest

from analysis.figures.canvas import Canvas, Panel
from analysis.figures.paper.files import figure_bytes
from analysis.figures.paper.pictures import maps_figure
from analysis.figures.words import drawable

NAMES = {
    "money": "cost $5 and $6.png",
    "broken formula": r"$\frac{.png",
    "escape sequence": "cat\x1b[31m.png",
    "null": "cat\x00.png",
    "Chinese": "猫と犬.png",
    "Arabic": "قطة.png",
    "emoji": "cat😀.png",
    "right to left": "cat\u202egnp.exe",
    "lone surrogate": "cat\udc80.png",
    "markup": "<script>&amp;</script>.png",
}


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_captions_hold_any_name(name, suffix):
    canvas = Canvas(np.zeros((32, 32, 3), np.uint8), caption=f"demo · {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a glyph that is missing
        figure = maps_figure(canvas, [Panel("Map", np.eye(4), "attention", pixels=8)])
        data = figure_bytes(figure, suffix)
    assert len(data) > 1000
    if suffix == "svg":
        ElementTree.fromstring(data)
    if suffix == "pdf":
        assert b"/Type3" not in data
        assert b"/FontFile2" in data


def test_dollars_are_dollars():
    canvas = Canvas(np.zeros((32, 32, 3), np.uint8), caption=NAMES["money"])
    text = maps_figure(canvas, [])._supxlabel
    assert text.get_text() == NAMES["money"]
    assert not text.get_parse_math()


def test_what_no_font_has_is_spelled_out():
    assert drawable("Ünïcode, Ελλάδα, кот") == "Ünïcode, Ελλάδα, кот"
    assert drawable("a\x00\x1b\udc80b") == r"a\x00\x1b\udc80b"
