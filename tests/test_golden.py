"""Parity with the released model, block by block in order of depth, so that a failure says where it begins."""

from collections.abc import Iterator

import pytest
from golden_cases import CASES, FOLDER, GoldenCase, load_case
from tolerances import NETWORK, assert_close
from torch import Tensor

from stvit import BlockRecord, STViT, capture
from stvit.cells import from_cells
from stvit.released_keys import translate


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> GoldenCase:
    return load_case(request.param)


def pairs(record: BlockRecord, expected: dict[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Yield (name, ours, released) in the order in which a block computes them."""
    grid, association = record.grid, record.association
    yield "attn_in", record.tokens, expected["attn_in"]
    if "affinity" in expected:  # blocks with cell 1 have none
        yield "affinity", association.weight, from_cells(expected["affinity"], grid)  # real tokens only
        per_token = 1 / grid.tokens_per_cell  # a sum of hundreds of weights is as exact as their mean
        mass = association.column_mass.reshape(expected["affinity_sum"].shape)
        yield "affinity_sum", mass * per_token, expected["affinity_sum"] * per_token
        yield "stokens", record.super_tokens, expected["stokens"]
    yield "attn", record.super_attention, expected["attn"]
    yield "attn_out", record.output, expected["attn_out"]


def test_every_block_and_the_logits_agree(case: GoldenCase) -> None:
    result = capture(case.model(), case.pixels)
    compared = set()
    for block, record in result.items():
        for name, ours, released in pairs(record, case.block(block)):
            assert_close(ours, released, NETWORK, f"{name} of {block.caption} differs first")
            compared.add(f"s{block.stage}.b{block.block}.{name}")
    assert_close(result.logits, case.expected["logits"], NETWORK, "logits differ first")
    assert compared | {"logits"} == set(case.expected)


def test_association_points_at_the_cells_of_the_nine_neighbours(case: GoldenCase) -> None:
    # The released affinity says nothing of the index; s = Q-hat^T x over our index must give its super tokens.
    result = capture(case.model(), case.pixels)
    for record in result.values():
        sampled = record.association.sample(record.tokens.flatten(2).transpose(1, 2))
        assert_close(sampled.transpose(1, 2).reshape(record.super_tokens.shape), record.super_tokens, NETWORK)


def test_constant_kernels_are_dropped_and_nothing_else() -> None:
    weights = load_case("plain").weights
    constants = {key for key in weights if key.endswith(("fold.weights", "unfold.weights"))}
    assert len(constants) == 2
    assert len(translate(weights)) == len(weights) - 2


def test_released_keys_are_all_keys_of_our_model(case: GoldenCase) -> None:
    assert set(translate(case.weights)) == set(STViT(case.config).state_dict())


def test_a_wrong_weight_is_found_in_its_block(case: GoldenCase) -> None:
    # The comparison must be able to fail, and at the block where the difference begins.
    key = "layers.1.blocks.0.norm1.norm.weight"
    case.weights[key] = case.weights[key] + 1e-3
    with pytest.raises(AssertionError, match="attn_in of stage 2, block 1 differs first"):
        test_every_block_and_the_logits_agree(case)


def test_parts_stay_small() -> None:
    assert max(part.stat().st_size for part in FOLDER.glob("*")) < 500_000
