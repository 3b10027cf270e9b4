"""Runs in two parts: against one whole run, to the bit."""

import pytest
import torch

from stvit import BlockId
from stvit.partial_runs import features_before, logits_from
from tests.support.tiny import CONFIG, tiny_model, tiny_pixels

MIXERS = {"super": ("super",) * 4, "others": ("conv", "window", "global", "super")}


@pytest.mark.parametrize("mixers", MIXERS.values(), ids=MIXERS)
@torch.no_grad()
def test_both_parts_together_are_the_whole_run(mixers):
    model, pixels, seen = tiny_model(mixers=mixers), tiny_pixels(1), {}
    handles = [
        module.register_forward_pre_hook(lambda _, inputs, block=block: seen.setdefault(block, inputs[0]))
        for block, module in model.blocks().items()
    ]
    whole = model(pixels)
    for handle in handles:
        handle.remove()
    assert len(seen) == sum(CONFIG.depths)
    for block, expected in seen.items():
        entering = features_before(model, pixels, block)
        assert torch.equal(entering, expected)
        assert torch.equal(logits_from(model, entering, block), whole)


@torch.no_grad()
def test_a_run_can_be_ended_between_any_two_layers():
    model, pixels, first = tiny_model(), tiny_pixels(1), BlockId(0, 0)
    entering, seen = features_before(model, pixels, first), []
    for module in model.blocks().values():
        module.register_forward_hook(lambda *_: seen.append("block"))

    def leave() -> None:
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        logits_from(model, entering, first, leave)
    assert len(seen) == 2


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("run", [features_before, logits_from])
def test_unknown_blocks_are_refused(run):
    with pytest.raises(KeyError, match=r"There is no block \(1, 5\); this model has 1.1, 1.2, 2.1, 3.1, 4.1"):
        run(tiny_model(), tiny_pixels(1), BlockId(1, 5))
