"""The model, the capture, the analysis and the training on another device: the same numbers as on the CPU.

On a CUDA device where there is one, else on an emulated one, which finds tensors that were left on the wrong device.
"""

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from analysis import ledger
from analysis.changes import CHANGES
from analysis.counterfactual import compare, outcome_of, outcome_table
from analysis.grouping.tasks import learned_labels
from analysis.one_token.anchor import anchor_maps
from analysis.one_token.steps import steps_table, token_steps
from analysis.redundancy.cka import cka_matrix
from analysis.redundancy.head_pairs import head_pairs
from analysis.relevance.class_gradient import class_gradients
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import rollout
from stvit import CONFIGS, BlockId, capture, load_pretrained, optimised
from stvit.capturing.faithfulness import replay_tolerance
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.emulated_device import CUDA, other_device
from tests.support.golden_cases import CASES, load_case
from tests.support.golden_pairs import pairs
from tests.support.tiny import tiny_model
from tests.support.tolerances import NETWORK, assert_close
from tests.support.training_data import TINY_MODEL, tiny_cache, tiny_config
from training.checkpoint import LAST, load_checkpoint
from training.loop import METRICS, Trainer
from training.metrics import read_metrics

needs_cuda = pytest.mark.skipif(not CUDA, reason="needs a CUDA device")

BLOCK = BlockId(1, 0)
TOKEN = 100
SIZE = 96
"""Stage 2 then has 12 x 12 tokens in cells of 4; stage 1 has 24 x 24 in cells of 8."""


@pytest.fixture(autouse=True)
def _exact(monkeypatch):
    # By default convolutions round to 10 bits of mantissa on recent GPUs, and may add up in any order.
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)


@pytest.fixture(scope="module")
def device():
    return other_device()


@pytest.fixture(scope="module")
def picture():
    return prepare(sample_images()["cat"](), SIZE)


@pytest.fixture(scope="module")
def on_cpu(picture):
    model = load_pretrained("demo")
    return model, capture(model, picture.pixels)


@pytest.fixture
def elsewhere(picture, device):
    model = load_pretrained("demo").to(device)
    return model, capture(model, picture.pixels.to(device))


@pytest.mark.parametrize("name", CASES)
def test_golden_tensors(name, device):
    case = load_case(name)
    result = capture(case.model().to(device), case.pixels.to(device))
    for block, record in result.items():
        for what, ours, released in pairs(record, case.block(block)):
            assert_close(ours.cpu(), released, NETWORK, f"{what} of {block.caption} differs first")
    assert_close(result.logits.cpu(), case.expected["logits"], NETWORK, "logits differ first")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_capture_changes_nothing_and_replays(dtype, device):
    model, pixels = tiny_model(dtype).to(device), torch.randn(2, 3, 96, 100, dtype=dtype, device=device)
    with torch.no_grad():
        plain = model(pixels)
    result = capture(model, pixels)
    assert torch.equal(result.logits, plain)
    assert result.replay_error() <= NETWORK[dtype]


def test_token_attention(elsewhere):
    attention = elsewhere[1][BLOCK].token_attention()
    dense = attention.to_dense()
    assert_close(attention.row(TOKEN, 0), dense[0, TOKEN])
    assert_close(attention.column(TOKEN), dense.mean(0)[:, TOKEN])
    values = torch.randn(attention.num_tokens, 3, device=attention.device)
    assert_close(attention.apply(values, 1), dense[1] @ values)


def test_ledger(on_cpu, elsewhere):
    attentions = ("super", "global", "local", "uniform", "identity", "grid", "hard")
    ours, expected = (ledger(cap, attentions) for _, cap in (elsewhere, on_cpu))
    keys = ["image", "stage", "block", "head", "attention", "metric", "unit"]
    assert ours[keys].equals(expected[keys])
    counted = expected["metric"].isin(["sinks", "empty", "disconnected"])  # near a threshold one may fall either way
    np.testing.assert_allclose(ours["value"][~counted], expected["value"][~counted], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(ours["value"][counted], expected["value"][counted], atol=1)


def test_pairs_of_heads_and_blocks(on_cpu, elsewhere):
    for ours, expected in zip(
        head_pairs(elsewhere[1][BLOCK].token_attention(), elsewhere[1][BLOCK].grid),
        head_pairs(on_cpu[1][BLOCK].token_attention(), on_cpu[1][BLOCK].grid),
        strict=True,
    ):
        np.testing.assert_allclose(ours, expected, atol=1e-4)
    np.testing.assert_allclose(cka_matrix(elsewhere[1]), cka_matrix(on_cpu[1]), atol=1e-4)


def test_anchor_maps(on_cpu, elsewhere):
    found = [list(anchor_maps(cap[BLOCK], None, TOKEN)) for _, cap in (elsewhere, on_cpu)]
    for ours, expected in zip(*found, strict=True):
        np.testing.assert_allclose(ours.values, expected.values, atol=1e-4, err_msg=ours.title)


def test_steps(on_cpu, elsewhere):
    steps, expected = (token_steps(cap[BLOCK], TOKEN) for _, cap in (elsewhere, on_cpu))
    np.testing.assert_allclose(steps.row, expected.row, atol=1e-5)
    assert steps.heaviest == expected.heaviest
    assert len(steps_table(elsewhere[1][BLOCK], steps)) == 9


@pytest.mark.parametrize("weighted", [False, True])
def test_rollout(on_cpu, elsewhere, picture, weighted):
    maps = []
    for model, cap in (elsewhere, on_cpu):
        pixels = picture.pixels.to(cap.logits.device)
        weights = class_gradients(model, pixels) if weighted else None
        maps.append(rollout(cap, Footprints.of(model), weights=weights).pixels.cpu())
    np.testing.assert_allclose(maps[0] / maps[0].sum(), maps[1] / maps[1].sum(), atol=1e-7)


def test_counterfactuals(on_cpu, elsewhere, picture):
    for change in CHANGES.values():
        variant = change.variant(picture.shown, next(iter(change.parameters), None))
        ours, expected = (
            compare(learned, variant.run(model, picture.pixels.to(learned.logits.device)))
            for model, learned in (elsewhere, on_cpu)
        )
        assert ours.divergence == pytest.approx(expected.divergence, rel=1e-2, abs=1e-3)
        assert list(ours.relative.values()) == pytest.approx(list(expected.relative.values()), rel=1e-2, abs=1e-3)
    model, learned = elsewhere
    outcome = outcome_of(variant, learned, variant.run(model, picture.pixels.to(learned.logits.device)))
    assert outcome_table(outcome)["after"].notna().all()


def test_groupings(on_cpu, elsewhere):
    ours, expected = (learned_labels(cap[BLOCK], 1) for _, cap in (elsewhere, on_cpu))
    assert (ours == expected).mean() > 0.99


@pytest.mark.parametrize("way", ["bfloat16", "float16", pytest.param("autocast", marks=needs_cuda)])
def test_half_precision(picture, device, way):
    model, pixels = load_pretrained("demo").to(device), picture.pixels.to(device)
    if way == "autocast":
        with torch.autocast(pixels.device.type, torch.bfloat16):
            captured = capture(model, pixels)
    else:
        captured = capture(model.to(getattr(torch, way)), pixels)
    assert captured.replay_error() <= replay_tolerance(captured)
    assert ledger(captured, anchors=16)["value"].notna().all()


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_inference_copies(elsewhere, picture, precision):
    model, captured = elsewhere
    found = optimised(model, precision, compile=False)(picture.pixels.to(captured.logits.device))
    largest = {"float32": 1e-5, "bfloat16": 0.05, "float16": 0.01}[precision] * captured.logits.abs().max()
    assert (found - captured.logits).abs().max() <= largest


@needs_cuda
@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_training_runs_and_resumes(tmp_path, monkeypatch, precision):
    monkeypatch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)
    AcceleratorState._reset_state(reset_partial_state=True)  # it keeps the precision of whoever came first
    data = tiny_cache(), tiny_cache(3, seed=1)
    first = Trainer(tiny_config(precision=precision), *data, tmp_path, progress_bar=False)
    assert first.accelerator.device.type == "cuda"
    first._run_epoch()
    first.save()
    resumed = Trainer(tiny_config(precision=precision), *data, tmp_path, progress_bar=False)
    resumed.resume()
    state, after = first.state_dict(), resumed.state_dict()
    for name, value in state["model"].items():
        assert torch.equal(after["model"][name], value), name
    assert all(torch.equal(*states) for states in zip(*(s["random"][0]["cuda"] for s in (state, after)), strict=True))
    resumed.run()
    assert load_checkpoint(tmp_path / LAST)["position"][0] == 2
    assert np.isfinite(read_metrics(tmp_path / METRICS)[-1]["train_loss"])
