import math

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.gradcheck import GradcheckError
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from stvit import BlockId, STViT, TokenGrid, capture, create_model
from stvit.attention import SuperTokenAttention
from stvit.grid import stage_grid
from stvit.layers import ChannelLayerNorm, LayerScale, StochasticDepth
from tests.support import reference
from tests.support.tiny import CONFIG, tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK, assert_close

PUBLISHED = {"stvit_small": 25.50, "stvit_base": 51.69, "stvit_large": 94.97}
MACS = {
    ("stvit_small", 224): 4.350,
    ("stvit_base", 224): 9.842,
    ("stvit_large", 224): 15.561,
    ("stvit_small", 384): 14.108,
    ("stvit_base", 384): 31.402,
    ("stvit_large", 384): 49.643,
}


@pytest.mark.parametrize(("name", "millions"), PUBLISHED.items())
def test_parameters(name: str, millions: float) -> None:
    with torch.device("meta"):
        model = create_model(name)
    assert sum(weight.numel() for weight in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)


@pytest.mark.parametrize(("name", "size"), MACS)
def test_multiplications(name: str, size: int) -> None:
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        create_model(name).eval()(torch.empty(1, 3, size, size))
    assert counter.get_total_flops() / 2e9 == pytest.approx(MACS[name, size], abs=0.005)


def test_the_demo_model_is_small() -> None:
    model = create_model("stvit_demo")
    assert sum(weight.numel() for weight in model.parameters()) <= 4e6
    assert model.config.num_classes == 10


@pytest.mark.parametrize("block", list(tiny_model().blocks()), ids=str)
def test_each_block_agrees_with_loops(block: BlockId) -> None:
    model = tiny_model(torch.float64)
    module, stage = model.blocks()[block], block.stage
    features = torch.randn(1, CONFIG.embed_dims[stage], 6, 9, dtype=torch.float64)  # padded by most cells
    weights = {name: value.detach().numpy() for name, value in module.state_dict().items()}
    grid, heads, iterations = TokenGrid(6, 9, CONFIG.cells[stage]), CONFIG.num_heads[stage], CONFIG.num_iters[stage]
    expected = reference.block(features[0].numpy(), grid, heads, weights, iterations)
    assert_close(module(features)[0].detach(), torch.from_numpy(expected), {torch.float64: 1e-11})


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (100, 76), (64, 160), (7, 5)])
@pytest.mark.parametrize("classes", [7, 0])
def test_any_size(size: tuple[int, int], classes: int) -> None:
    model = tiny_model(num_classes=classes)
    pixels = tiny_pixels(2, *size)
    features = model.forward_features(pixels)
    assert features.shape == (2, CONFIG.projection_dim, math.ceil(size[0] / 32), math.ceil(size[1] / 32))
    output = model(pixels)
    assert output.shape == (2, classes or CONFIG.projection_dim)
    pooled = features.mean((2, 3))
    assert_close(output, model.classifier(pooled) if classes else pooled)


@torch.no_grad()
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_attention_is_fused_on_the_cpu(layout: torch.memory_format) -> None:
    model, pixels = tiny_model(), tiny_pixels().contiguous(memory_format=layout)
    with sdpa_kernel(SDPBackend.MATH):
        expected = model(pixels)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):  # fails unless q, k and v lie token by token
        assert_close(model(pixels), expected, NETWORK)


@torch.no_grad()
@pytest.mark.parametrize("batch", [1, 2])
def test_feature_maps_stay_channels_last_on_the_cpu(batch: int) -> None:
    model, strides = tiny_model(), {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | ChannelLayerNorm | nn.BatchNorm2d):
            module.register_forward_hook(lambda _, inputs, output, name=name: strides.update({name: output.stride(1)}))
    model(tiny_pixels(batch))
    assert strides == dict.fromkeys(strides, 1)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_norm_keeps_the_layout_in_memory(layout: torch.memory_format) -> None:
    features = torch.randn(2, 8, 3, 5).contiguous(memory_format=layout)
    assert ChannelLayerNorm(8)(features).is_contiguous(memory_format=layout)


def test_images_of_a_batch_do_not_meet() -> None:
    model, pixels = tiny_model(torch.float64), tiny_pixels(3, dtype=torch.float64)
    assert_close(model(pixels), torch.cat([model(image[None]) for image in pixels]))


def test_blocks_come_in_order_of_depth() -> None:
    assert list(tiny_model().blocks()) == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0)]
    assert (BlockId(2, 0).caption, BlockId(2, 0).short) == ("stage 3, block 1", "3.1")


def test_strides_are_those_of_the_network() -> None:
    model = tiny_model()
    cap = capture(model, tiny_pixels(1))
    for block, record in cap.items():
        assert record.grid == stage_grid(96, 100, block.stage, record.grid.cell)
        assert block.stride == 4 << block.stage


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 64, 64), (1, 64, 64, 3), (1, 3, 0, 64), (1, 3, 64, 64, 1)])
@pytest.mark.usefixtures("unchecked")
def test_pixels_of_a_wrong_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"Expected pixels of shape \(batch, 3, height, width\), got \(.*images.prepare"
    ):
        tiny_model()(torch.zeros(shape))


def test_pixels_of_another_type_than_the_weights() -> None:
    with pytest.raises(TypeError, match=r"model's type torch.float32, got torch.float64; convert one of the two"):
        tiny_model()(tiny_pixels(dtype=torch.float64))
    with torch.autocast("cpu", torch.bfloat16):
        assert tiny_model()(tiny_pixels()).isfinite().all()


@pytest.mark.usefixtures("unchecked")
def test_pixels_of_whole_numbers() -> None:
    with pytest.raises(TypeError, match=r"normalised floating point numbers, got torch.uint8; .*images.prepare"):
        tiny_model()(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))


def test_a_model_made_on_the_meta_device_leaves_nothing_behind() -> None:
    with torch.device("meta"):
        assert tiny_model()(tiny_pixels()).shape == (2, 7)
    assert tiny_model()(tiny_pixels()).isfinite().all()


def test_checkpointing_changes_neither_gradients_nor_statistics() -> None:
    pixels, results = tiny_pixels(), []
    for checkpointing in (False, True):
        torch.manual_seed(1)
        model = tiny_model(gradient_checkpointing=checkpointing, dropout=0.1, drop_path_rate=0.2).train()
        torch.manual_seed(2)
        model(pixels).square().sum().backward()
        results.append((model.state_dict(), {name: weight.grad for name, weight in model.named_parameters()}))
    for plain, checkpointed in zip(*results, strict=True):
        for name, value in plain.items():
            assert torch.equal(value, checkpointed[name]), name
    counted = [value.item() for name, value in results[1][0].items() if name.endswith("num_batches_tracked")]
    assert set(counted) == {1}  # the second run of a block must not count again


def test_checkpointing_runs_blocks_twice_only_when_training() -> None:
    model = tiny_model(gradient_checkpointing=True)
    runs = []
    model.blocks()[BlockId(0, 0)].attention.register_forward_pre_hook(lambda *_: runs.append(1))
    model(tiny_pixels()).sum().backward()
    assert len(runs) == 1
    model.train()(tiny_pixels()).sum().backward()
    assert len(runs) == 3


def test_stochastic_depth_drops_whole_images_and_keeps_the_mean() -> None:
    count, rate = 20_000, 0.3
    output = StochasticDepth(rate).train()(torch.ones(count, 2, 1, 2)).flatten(1)
    assert torch.equal(output.amin(1), output.amax(1))
    kept = output[:, 0] > 0
    assert torch.equal(output[kept], torch.full_like(output[kept], 1 / (1 - rate)))
    deviation = math.sqrt(rate * (1 - rate) / count)
    assert kept.float().mean().item() == pytest.approx(1 - rate, abs=5 * deviation)
    features = torch.randn(4, 2, 1, 2)
    assert torch.equal(StochasticDepth(rate).eval()(features), features)
    assert torch.equal(StochasticDepth(0.0).train()(features), features)


def test_stochastic_depth_grows_linearly_over_all_blocks() -> None:
    model = tiny_model(drop_path_rate=0.4)
    assert [block.drop_path.rate for block in model.blocks().values()] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("setting", ["dropout", "attention_dropout", "drop_path_rate"])
def test_chance_acts_in_training_only(setting: str) -> None:
    model, pixels = tiny_model(**{setting: 0.5}), tiny_pixels()
    assert torch.equal(model(pixels), model(pixels))
    model.train()
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.eval()
    assert not torch.equal(model(pixels), model(pixels))


def test_layer_scale_multiplies_channels_where_asked() -> None:
    scales = {block: module.attention_scale for block, module in tiny_model().blocks().items()}
    assert [isinstance(scale, LayerScale) for scale in scales.values()] == [False, False, False, True, True]
    scale = LayerScale(3, 0.25)
    with torch.no_grad():
        scale.gamma[0, 1] = 2
    assert scale(torch.ones(1, 3, 1, 1)).flatten().tolist() == [0.25, 2, 0.25]
    gamma = create_model("stvit_base", depths=(1, 1, 1, 1)).state_dict()["stages.2.blocks.0.ffn_scale.gamma"]
    assert torch.equal(gamma, torch.full((1, 384, 1, 1), 1e-6))


def attention(detach: bool) -> SuperTokenAttention:
    torch.manual_seed(3)
    return SuperTokenAttention(4, 2, 2, 2, detach_association=detach).double()


def gradient(detach: bool, tokens: Tensor) -> Tensor:
    tokens = tokens.clone().requires_grad_()
    attention(detach)(tokens).sin().sum().backward()
    return tokens.grad


@pytest.fixture
def tokens() -> Tensor:
    return torch.randn(1, 4, 3, 5, dtype=torch.float64)  # padded


def test_gradients_stop_at_the_association_by_default(tokens: Tensor) -> None:
    module = attention(detach=True)
    held = module.associate(tokens, TokenGrid(3, 5, 2))

    def with_q_held(features: Tensor) -> Tensor:
        sampled = held.sample(features.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, (2, 3))
        refined = module.refine(sampled).flatten(2).transpose(1, 2)
        return held.upsample(refined).transpose(1, 2).unflatten(2, (3, 5))

    free = tokens.clone().requires_grad_()
    with_q_held(free).sin().sum().backward()
    assert_close(gradient(True, tokens), free.grad, NETWORK)
    assert create_model("stvit_demo").blocks()[BlockId(0, 0)].attention.associate.detach


def test_gradients_flow_through_the_association_on_request(tokens: Tensor) -> None:
    assert torch.autograd.gradcheck(attention(detach=False), tokens.clone().requires_grad_())
    assert (gradient(True, tokens) - gradient(False, tokens)).abs().max() > 1e-3
    with torch.no_grad():
        assert torch.equal(attention(True)(tokens), attention(False)(tokens))


def test_finite_differences_see_the_association_that_the_default_ignores(tokens: Tensor) -> None:
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(attention(detach=True), tokens.clone().requires_grad_())


@pytest.mark.usefixtures("unchecked")  # the mixin hands JSON lists to the config, which turns them into tuples
def test_saved_and_loaded_models_are_equal(tmp_path) -> None:
    model, pixels = tiny_model(), tiny_pixels()
    model.save_pretrained(tmp_path)
    loaded = STViT.from_pretrained(tmp_path)
    assert loaded.config == model.config
    assert torch.equal(loaded.eval()(pixels), model(pixels))
