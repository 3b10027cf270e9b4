"""The explorer shows the own attention of blocks that attend in windows."""

import itertools

import pytest
import torch

from stvit import BlockId, capture
from tests.support.explorer_support import MEAN, check_close, node_answers, python_row, read_payload
from tests.support.tiny import tiny_model, tiny_pixels
from ui.explorer.block_payload import block_payload
from ui.explorer.budget import BlockShape
from ui.explorer.scene_payload import scene_payload

PLAIN, SHIFTED = BlockId(0, 0), BlockId(0, 1)


def windowed_capture(bias=True):
    model = tiny_model(mixers=("window", "conv", "super", "global"), window=4, relative_position_bias=bias)
    for block in (PLAIN, SHIFTED):
        if bias:
            torch.nn.init.normal_(model.blocks()[block].attention.bias_table, std=2)
    return capture(model, tiny_pixels(1, 44, 52))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("block", [PLAIN, SHIFTED])
def test_browser_and_library_agree_on_windows_shift_and_bias(block, bias, tmp_path):
    record = windowed_capture(bias)[block]
    choices = itertools.product(("super", "global", "local"), (0, 17, 142), (MEAN, 2), (False, True))
    requests = [dict(zip(("kind", "token", "head", "incoming"), choice, strict=True)) for choice in choices]
    for request, answer in zip(requests, node_answers(block_payload(record, 4), requests, tmp_path), strict=True):
        check_close(answer["row"], python_row(record, **request))


def test_previews_show_the_own_attention_of_windows(tmp_path):
    cap = windowed_capture().with_attention()
    payload = scene_payload(cap, torch.zeros(44, 52, 3, dtype=torch.uint8).numpy())
    header, _ = read_payload(payload)
    assert [block["own_windows"] for block in header["blocks"][:3]] == [
        {"side": 4, "shift": [0, 0]},
        {"side": 4, "shift": [2, 2]},
        None,
    ]
    requests = [{"index": index, "down": 0.6, "across": 0.3, "incoming": False} for index in (0, 1)]
    for block, answer in zip((PLAIN, SHIFTED), node_answers(payload, requests, tmp_path), strict=True):
        grid = cap[block].grid
        expected = python_row(
            cap[block], "super", int(0.6 * grid.height) * grid.width + int(0.3 * grid.width), MEAN, False
        )
        assert abs(answer["row"] - expected).max() <= 0.05 * expected.max()


def test_the_bias_counts_against_the_budget():
    with_bias, without = (BlockShape.of(windowed_capture(bias)[PLAIN]) for bias in (True, False))
    assert with_bias.payload_bytes - without.payload_bytes == 4 * 3 * 7 * 7
    assert with_bias.at(88, 104).bias == 3 * 7 * 7
