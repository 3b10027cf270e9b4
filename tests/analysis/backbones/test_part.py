import pytest
import torch

from analysis.attention.dense import DenseAttention
from analysis.backbones.part import PartAttention
from stvit import SoftmaxAttention, WindowedAttention
from tests.support.contract import check_contract
from tests.support.tolerances import assert_close

KEPT = torch.tensor([1, 2, 3, 5, 8, 9])


def wholes():
    query, key = torch.randn(2, 3, 12, 4, dtype=torch.float64)
    yield SoftmaxAttention(query, key, 0.5)
    yield WindowedAttention(query, key, 0.5, 3, 4, 2, (1, 1))
    yield DenseAttention((query @ key.transpose(1, 2)).softmax(-1))


@pytest.mark.parametrize("number", range(3))
def test_a_part_keeps_the_contract(number):
    whole = list(wholes())[number]
    part = PartAttention(whole, KEPT)
    dense = whole.to_dense()
    check_contract(part, dense[:, KEPT][:, :, KEPT])
    others = torch.tensor([0, 4, 11])
    assert_close(part.mass_on(others, 1), dense[1, KEPT][:, others].sum(-1))
    assert_close(part.mass_on(others), dense.mean(0)[KEPT][:, others].sum(-1))


def test_parts_are_alike_where_tokens_and_wholes_are():
    whole, _, other = wholes()
    assert PartAttention(whole, KEPT).same_as(PartAttention(whole, KEPT.clone()))
    assert not PartAttention(whole, KEPT).same_as(PartAttention(whole, KEPT[:-1]))
    assert not PartAttention(whole, KEPT).same_as(PartAttention(other, KEPT))
    assert not PartAttention(whole, KEPT).same_as(whole)
