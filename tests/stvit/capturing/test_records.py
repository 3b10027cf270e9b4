import pytest
import torch
from torch import Tensor

from analysis import ledger
from stvit import BlockId, BlockRecord, Capture, STViT, capture
from tests.support.tiny import CONFIG, tiny_model, tiny_pixels
from tests.support.tolerances import assert_close

SIZES = {0: (24, 25, 6, 4), 1: (12, 13, 3, 4), 2: (6, 7, 3, 4), 3: (3, 4, 3, 4)}
"""Token rows and columns, super token rows and columns of each stage."""


@pytest.fixture(scope="module")
def model() -> STViT:
    torch.manual_seed(0)
    return tiny_model(torch.float64)


@pytest.fixture(scope="module")
def result(model: STViT) -> Capture:
    torch.manual_seed(1)
    return capture(model, tiny_pixels(dtype=torch.float64))


@pytest.fixture(scope="module", params=range(4), ids=lambda stage: f"stage{stage}")
def record(request: pytest.FixtureRequest, result: Capture) -> BlockRecord:
    return result[BlockId(request.param, 0)]


def test_shapes(record: BlockRecord) -> None:
    stage = record.id.stage
    height, width, rows, columns = SIZES[stage]
    channels, heads, tokens, cells = CONFIG.embed_dims[stage], CONFIG.num_heads[stage], height * width, rows * columns
    k = 1 if CONFIG.cells[stage] == 1 else 9
    assert (record.batch_size, record.heads) == (2, heads)
    assert record.tokens.shape == record.output.shape == (2, channels, height, width)
    assert record.super_tokens.shape == (2, channels, rows, columns)
    assert record.association.index.shape == record.association.weight.shape == (2, tokens, k)
    assert record.super_attention.shape == (2, heads, cells, cells)
    assert record.super_query.shape == record.super_key.shape == (2, heads, cells, channels // heads)
    assert record.labels().shape == record.leakage().shape == (2, height, width)
    assert record.scale == pytest.approx((channels // heads) ** -0.5)


def test_super_tokens_and_attention_follow_from_their_parts(record: BlockRecord, model: STViT) -> None:
    sampled = record.association.sample(record.tokens.flatten(2).transpose(1, 2))
    assert_close(sampled.transpose(1, 2).reshape(record.super_tokens.shape), record.super_tokens)
    assert_close(record.super_attention.sum(-1), torch.ones(2, record.heads, record.grid.num_super_tokens).double())
    refine = model.blocks()[record.id].attention.refine
    joint = refine.qkv(record.super_tokens).detach().flatten(2).unflatten(1, (record.heads, 3, -1))
    query, key = joint[:, :, 0], joint[:, :, 1]  # (B, heads, head_dim, M)
    assert_close(record.super_attention, (query.transpose(2, 3) @ key * record.scale).softmax(-1))


def test_token_attention_times_values_is_the_output(record: BlockRecord) -> None:
    """Output = P A V + what padding adds (its value is b_v) + b_p where Q keeps mass, head by head."""
    weights = record.weights
    for image in range(2):
        tokens = record.tokens[image : image + 1].flatten(2).transpose(1, 2)
        value = weights.qkv(tokens)[2][0]
        at_zero = weights.qkv(torch.zeros_like(tokens[:, :1]))[2][0]
        mixed = record.token_attention(image).apply_heads(value)
        lost = torch.stack([record.padding_leakage(head)[image].flatten() for head in range(record.heads)])
        mixed = mixed + lost.unsqueeze(-1) * at_zero
        output = mixed.transpose(0, 1).flatten(1) @ weights.proj_weight.T
        kept = 1 - record.phantom_leakage()[image].flatten()
        output = output + kept.unsqueeze(-1) * weights.proj_bias
        assert_close(output.T.reshape(record.output[image].shape), record.output[image])


def test_leakage_is_where_it_belongs(record: BlockRecord) -> None:
    padded, plain = record.grid.has_padding, record.grid.is_identity
    assert (record.padding_leakage().max() > 1e-6) == padded
    assert (record.phantom_leakage().max() > 1e-6) == (not plain)
    assert torch.equal(record.phantom_leakage(), record.association.leakage().reshape(record.leakage().shape))


def test_labels_are_the_heaviest_neighbours(record: BlockRecord) -> None:
    for image, token in ((0, 0), (1, record.grid.num_tokens - 1), (1, record.grid.num_tokens // 2)):
        index, weight = record.association.index[image, token], record.association.weight[image, token]
        heaviest = max((w, i) for w, i in zip(weight.tolist(), index.tolist(), strict=True) if i >= 0)
        assert record.labels()[image].flatten()[token] == heaviest[1]


def test_query_and_key_of_tokens_are_the_blocks_own_projections(record: BlockRecord, model: STViT) -> None:
    joint = model.blocks()[record.id].attention.refine.qkv(record.tokens[1:]).detach()
    parts = joint.flatten(2).unflatten(1, (record.heads, 3, -1))[0].transpose(-1, -2)  # (heads, 3, N, head_dim)
    query, key = record.token_query_key(1)
    assert_close(query, parts[:, 0])
    assert_close(key, parts[:, 1])


def test_each_image_has_its_own_attention(record: BlockRecord) -> None:
    first, second = (record.token_attention(image).row(0) for image in range(2))
    assert (first - second).abs().max() > 1e-6


@pytest.mark.parametrize("image", [-1, 2])
def test_an_image_that_does_not_exist(record: BlockRecord, image: int) -> None:
    for ask in (record.token_attention, record.token_query_key):
        with pytest.raises(IndexError, match=f"Image {image} does not exist; this batch has images 0 to 1"):
            ask(image)


@pytest.mark.parametrize("head", [-1, 6])
def test_a_head_that_does_not_exist(record: BlockRecord, head: int) -> None:
    for ask in (record.leakage, record.padding_leakage):
        with pytest.raises(IndexError, match=f"Head {head} does not exist; this attention has heads 0 to"):
            ask(head)


def test_replay_notices_another_output(result: Capture) -> None:
    record = result[BlockId(0, 0)]
    record.output[1, 2, 3, 4] += 0.5
    try:
        assert record.replay_error() == pytest.approx(0.5)
        assert result.replay_error() == pytest.approx(0.5)
    finally:
        record.output[1, 2, 3, 4] -= 0.5


@pytest.mark.usefixtures("unchecked")
def test_a_block_that_was_not_captured(model: STViT) -> None:
    some = capture(model, tiny_pixels(1, 64, 64, torch.float64), blocks=[(0, 1), (2, 0)])
    with pytest.raises(KeyError, match="Block 0 was not captured"):
        some[0]
    with pytest.raises(KeyError, match=r"Block \(0, 0\) was not captured; this capture holds \(0, 1\), \(2, 0\)"):
        some[BlockId(0, 0)]
    assert (len(some), BlockId(0, 1) in some, BlockId(0, 0) in some) == (2, True, False)
    assert capture(model, tiny_pixels(1, 64, 64, torch.float64), blocks=[]).replay_error() == 0


def test_bytes(result: Capture) -> None:
    assert result.nbytes == sum(record.nbytes for record in result.values())
    record = result[BlockId(0, 0)]
    tensors: list[Tensor] = [record.tokens, record.super_tokens, record.super_query, record.super_key, record.output]
    tensors += [record.residual_norm, record.added_norm]
    assert record.nbytes == sum(8 * tensor.numel() for tensor in tensors) + record.association.nbytes


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("association", [None, "hard", torch.zeros(16, 16, dtype=torch.int64)])
def test_half_precision_measures_every_number(dtype: torch.dtype, association: object) -> None:
    model, pixels = tiny_model(), tiny_pixels(1, 64, 64)
    swaps = None if association is None else {BlockId(0, 0): association}  # labels of 0 leave super tokens empty
    exact = capture(model, pixels, blocks=[(0, 0)], association=swaps)
    half = capture(model.to(dtype), pixels.to(dtype), blocks=[(0, 0)], association=swaps)
    half.check_finite()
    found, expected = (ledger(cap, ("super", "global", "local", "hard"), exact_tokens=256) for cap in (half, exact))
    keys = ["attention", "metric", "head"]
    both = expected.merge(found, on=keys, how="outer", suffixes=("", "_half"))
    assert both["value_half"].notna().all()
    if isinstance(association, Tensor):  # the learned one is rounded, and its heaviest super tokens may be others
        means = both[both["metric"].isin(["entropy", "mass", "local_mass", "leakage"])]
        assert (means["value_half"] - means["value"]).abs().max() < 0.02
    assert half[BlockId(0, 0)].token_attention().row_sums().dtype == torch.float32
    assert half[BlockId(0, 0)].replay().isfinite().all()


def test_leakage_is_in_single_precision_whatever_the_block() -> None:
    half = capture(tiny_model().to(torch.bfloat16), tiny_pixels(2, 64, 64))
    parts = [part() for record in half.values() for part in (record.padding_leakage, record.phantom_leakage)]
    assert {part.dtype for part in parts} == {torch.float32}
    assert half[BlockId(3, 0)].padding_leakage().shape == (2, 2, 2)
