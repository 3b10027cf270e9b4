"""Captures with other numbers of iterations and other associations are as true as plain ones."""

import pytest
import torch
from torch import Tensor

from stvit import Association, BlockId, CellAssociation, STViT, TokenGrid, associate, capture
from tests.support.capture_checks import BLOCKS, FIRST, LATER, WITH_SUPER_TOKENS, same
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK, OPERATOR, assert_close

# Other numbers of iterations and other associations.


def with_config(model: STViT, **overrides: object) -> STViT:
    other = tiny_model(next(model.parameters()).dtype, **overrides)
    other.load_state_dict(model.state_dict())
    return other


def test_a_number_of_iterations_acts_like_the_config(model: STViT, pixels: Tensor) -> None:
    everywhere = capture(model, pixels, num_iters=4)
    assert same(everywhere, capture(with_config(model, num_iters=(4, 4, 4, 1)), pixels))
    one_stage = capture(model, pixels, num_iters={LATER: 1})
    assert same(one_stage, capture(with_config(model, num_iters=(2, 1, 1, 1)), pixels))
    assert not same(everywhere, capture(model, pixels))
    assert same(capture(model, pixels, num_iters=0), capture(model, pixels, association="grid"))


def test_a_swap_acts_in_its_block_only(model: STViT, pixels: Tensor) -> None:
    plain, swapped = capture(model, pixels), capture(model, pixels, association={LATER: "hard"})
    assert all(torch.equal(plain[block].output, swapped[block].output) for block in BLOCKS[:2])
    assert torch.equal(plain[LATER].tokens, swapped[LATER].tokens)
    assert not torch.equal(plain[LATER].output, swapped[LATER].output)
    assert torch.equal(swapped[LATER].labels(), plain[LATER].labels())
    assert swapped[BlockId(2, 0)].association.weight.shape[-1] == 9  # learned again, from other features
    only_recorded = capture(model, pixels, blocks=[FIRST], association={LATER: "hard"})
    assert torch.equal(only_recorded.logits, swapped.logits)


def grid_labels(model: STViT, pixels: Tensor) -> dict[BlockId, Tensor]:
    """Return the labels that the regular grid of each block amounts to."""
    grids = {block: record.grid for block, record in capture(model, pixels, blocks=WITH_SUPER_TOKENS).items()}
    return {block: grid.cell_index.unflatten(0, (grid.height, grid.width)) for block, grid in grids.items()}


def test_ways_to_say_grid_are_equal(model: STViT, pixels: Tensor) -> None:
    expected, labels = capture(model, pixels, association="grid"), grid_labels(model, pixels)
    batched = {block: label.expand(2, -1, -1) for block, label in labels.items()}
    objects = {block: expected[block].association for block in WITH_SUPER_TOKENS}
    names = dict.fromkeys(WITH_SUPER_TOKENS, "grid")

    def rule(tokens: Tensor, grid: TokenGrid, learned: CellAssociation) -> Association:
        return Association.from_labels(grid.cell_index.expand(len(tokens), -1), grid, tokens)

    for swap in (labels, batched, objects, names, rule):
        assert same(capture(model, pixels, association=swap), expected)
    assert_close(expected[FIRST].association.leakage(), torch.zeros(2, 24 * 25))


def test_masked_phantoms_take_nothing(model: STViT, pixels: Tensor) -> None:
    learned, masked = capture(model, pixels)[BlockId(2, 0)], capture(model, pixels, association="masked")
    for block in WITH_SUPER_TOKENS:
        association = masked[block].association
        assert association.leakage().abs().max() == 0
        assert_close(association.weight.sum(-1), torch.ones(2, association.grid.num_tokens))
    # With one iteration a softmax without phantoms is the learned one, renormalised.
    masked = capture(model, pixels, association={BlockId(2, 0): "masked"})[BlockId(2, 0)]
    kept = learned.association.weight * (learned.association.index >= 0)
    assert_close(masked.association.weight, kept / kept.sum(-1, keepdim=True))


@pytest.mark.parametrize(("settings", "used"), [({}, 2), ({"num_iters": 4}, 4)])
def test_masking_keeps_the_number_of_iterations(model: STViT, pixels: Tensor, settings: dict, used: int) -> None:
    record = capture(model, pixels, blocks=[FIRST], association="masked", **settings)[FIRST]
    expected = associate(record.tokens, record.grid, used, mask_phantoms=True).to_sparse()
    assert torch.equal(record.association.weight, expected.weight)


def test_hard_puts_all_mass_on_the_learned_labels_after_other_iterations(model: STViT, pixels: Tensor) -> None:
    learned = capture(model, pixels, blocks=[FIRST], num_iters={FIRST: 5})[FIRST]
    hard = capture(model, pixels, blocks=[FIRST], num_iters={FIRST: 5}, association={FIRST: "hard"})[FIRST]
    assert torch.equal(hard.labels(), learned.labels())
    assert torch.equal(hard.association.weight, torch.ones(2, hard.grid.num_tokens, 1))


def test_blocks_with_cell_1_cannot_be_changed(model: STViT, pixels: Tensor) -> None:
    for settings in ({"num_iters": {BlockId(3, 0): 2}}, {"association": {BlockId(3, 0): "grid"}}):
        with pytest.raises(ValueError, match=r"Stage 4, block 1 has no super tokens, .* among stages \[0, 1, 2\]"):
            capture(model, pixels, **settings)


# Every record can be replayed, and loses what it says.

SETTINGS: dict[str, dict[str, object]] = {
    "learned": {},
    "more iterations": {"num_iters": 3},
    "no iterations": {"num_iters": 0},
    "grid": {"association": "grid"},
    "hard": {"association": "hard"},
    "masked": {"association": "masked"},
    "empty super tokens": {"association": {FIRST: torch.full((24, 25), 3), LATER: torch.ones(12, 13).long()}},
    "soft rule": {"association": lambda tokens, grid, learned: learned.to_sparse()},
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_every_block_can_be_replayed(settings: dict[str, object], dtype: torch.dtype) -> None:
    result = capture(tiny_model(dtype), tiny_pixels(dtype=dtype), **settings)
    assert result.logits.isfinite().all()
    for block, record in result.items():
        assert record.replay_error() <= NETWORK[dtype], block.caption
        assert record.output.abs().max() > 0.01  # else the errors say nothing


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_row_sums_are_one_minus_leakage(settings: dict[str, object]) -> None:
    result = capture(tiny_model(torch.float64), tiny_pixels(dtype=torch.float64), **settings)
    for record in result.values():
        for head in (None, record.heads - 1):
            kept = record.token_attention(1).row_sums(head)
            assert_close(1 - kept, record.leakage(head)[1].flatten(), {torch.float64: 1e-11})
        assert_close(record.leakage(), record.phantom_leakage() + record.padding_leakage(), OPERATOR)


def test_empty_super_tokens_take_the_attention_that_falls_on_them(pixels: Tensor) -> None:
    labels = torch.zeros(24, 25, dtype=torch.int64)  # all tokens in one of 24 super tokens
    record = capture(tiny_model(), pixels, association={FIRST: labels})[FIRST]
    expected = 1 - record.super_attention[:, 1, 0, 0]
    assert_close(record.padding_leakage(1), expected[:, None, None].expand(2, 24, 25))
    assert record.super_tokens[:, :, 1:].abs().max() == 0
