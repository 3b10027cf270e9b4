"""Parity with the released model, block by block in order of depth, so that a failure says where it begins."""

import pytest

from stvit import STViT, capture
from stvit.weights.checks import with_our_names
from tests.support.golden_cases import CASES, GoldenCase, load_case
from tests.support.golden_pairs import pairs
from tests.support.paths import GOLDEN
from tests.support.tolerances import NETWORK, assert_close


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> GoldenCase:
    return load_case(request.param)


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
    assert len(with_our_names(weights).state) == len(weights) - 2


def test_released_keys_are_all_keys_of_our_model(case: GoldenCase) -> None:
    assert set(with_our_names(case.weights).state) == set(STViT(case.config).state_dict())


def test_a_wrong_weight_is_found_in_its_block(case: GoldenCase) -> None:
    # The comparison must be able to fail, and at the block where the difference begins.
    key = "layers.1.blocks.0.norm1.norm.weight"
    case.weights[key] = case.weights[key] + 1e-3
    with pytest.raises(AssertionError, match="attn_in of stage 2, block 1 differs first"):
        test_every_block_and_the_logits_agree(case)


def test_parts_stay_small() -> None:
    assert max(part.stat().st_size for part in GOLDEN.glob("*")) < 500_000
