"""Captures of models in half precision and under autocast: what is measured keeps single precision."""

import numpy as np
import pytest
import torch

from analysis import ledger
from analysis.grouping.tasks import learned_labels
from analysis.one_token.anchor import anchor_maps
from analysis.one_token.steps import token_steps
from analysis.relevance.class_gradient import class_gradients
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import rollout
from stvit import BlockId, Capture, STViT, capture
from stvit.capturing.faithfulness import precision_of, replay_tolerance
from stvit.grid import TokenGrid
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK
from ui.explorer.block_payload import block_payload

WAYS = ("bfloat16", "float16", "autocast")
MIXERS = [("super",) * 4, ("window", "conv", "global", "super")]


def half_run(way: str, mixers: tuple[str, ...] = MIXERS[0]) -> tuple[STViT, Capture]:
    model, pixels = tiny_model(mixers=mixers, window=4), tiny_pixels(1, 64, 64)
    if way != "autocast":
        model = model.to(getattr(torch, way))  # pixels stay single and are rounded by the model
        return model, capture(model, pixels)
    with torch.autocast("cpu", torch.bfloat16):
        return model, capture(model, pixels)


@pytest.mark.parametrize("mixers", MIXERS)
@pytest.mark.parametrize("way", WAYS)
def test_it_replays_within_what_its_precision_explains(way: str, mixers: tuple[str, ...]) -> None:
    _, captured = half_run(way, mixers)
    assert precision_of(captured) == ("bfloat16" if way == "autocast" else way)
    assert 0 < captured.replay_error() <= replay_tolerance(captured)
    block = captured[BlockId(0, 0)]
    block.output[0, 0, 0, 0] += 0.5  # a real mistake
    assert captured.replay_error() > replay_tolerance(captured)


def test_the_tolerance_in_single_precision_is_the_documented_one() -> None:
    captured = capture(tiny_model(), tiny_pixels(1, 64, 64))
    assert replay_tolerance(captured) == NETWORK[torch.float32]
    assert precision_of(captured) == "float32"


@pytest.mark.parametrize("way", WAYS)
def test_every_analysis_takes_it(way: str) -> None:
    model, captured = half_run(way)
    block = captured[BlockId(0, 0)]
    table = ledger(captured, ("super", "global", "local", "hard"), anchors=16)
    assert table["value"].notna().all()
    assert block.association.weight.dtype == torch.float32
    assert token_steps(block, 5).row.dtype == np.float32
    assert all(np.isfinite(found.values).all() for found in anchor_maps(block, None, 5))
    assert learned_labels(block, 1).shape == (16, 16)
    assert rollout(captured, Footprints.of(model)).pixels.isfinite().all()
    if way != "autocast":
        slopes = class_gradients(model, tiny_pixels(1, 64, 64))
        assert rollout(captured, Footprints.of(model), weights=slopes).pixels.isfinite().all()
    assert len(block_payload(block, 4)) > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_pixels_in_single_precision_are_rounded_by_the_model(dtype: torch.dtype) -> None:
    model, pixels = tiny_model().to(dtype), tiny_pixels(1, 64, 64)
    assert torch.equal(model(pixels), model(pixels.to(dtype)))
    with pytest.raises(TypeError, match="convert one of the two"):
        model(pixels.double())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_empty_super_tokens_divide_by_no_zero(dtype: torch.dtype) -> None:
    model, pixels = tiny_model().to(dtype), tiny_pixels(1, 64, 64)
    grid = capture(model, pixels, blocks=[(0, 0)])[BlockId(0, 0)].grid
    everybody = torch.zeros(grid.height, grid.width, dtype=torch.int64)  # super tokens but the first are empty
    found = capture(model, pixels, association={BlockId(0, 0): everybody})
    assert isinstance(grid, TokenGrid)
    assert found.logits.isfinite().all()
    assert found[BlockId(0, 0)].replay().isfinite().all()
