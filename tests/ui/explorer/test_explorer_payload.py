import io
import itertools
import json
import subprocess
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.attention.baselines import global_attention
from analysis.figures.canvas import Anchor
from analysis.one_token.region import Region, measure_region, region_tokens, segment_labels
from analysis.redundancy.measure import measure_row
from stvit import BlockId, SoftmaxAttention, capture, create_model, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.explorer_support import (
    MEAN,
    check_close,
    node,
    node_answers,
    python_row,
    python_rows,
    read_payload,
    sharp_capture,
)
from ui.explorer import block_payload as block_module
from ui.explorer import rounding, standalone_html
from ui.explorer.block_payload import block_payload
from ui.explorer.bundle import joined, script, streamlit_module, style
from ui.explorer.payload import payload_bytes
from ui.explorer.rounding import LOGIT_TOLERANCE, in_unit_steps, log_normalisers, sent_attention
from ui.explorer.scene_payload import scene_payload

BLOCKS = [BlockId(0, 0), BlockId(0, 1), BlockId(1, 0), BlockId(2, 0), BlockId(3, 0)]
QUERY_KEY = {"query", "key", "log_normaliser"}
STEPS = {"query_step", "key_step"}
ALL_ROWS = 3e-4
"""Of a row's largest weight: twice what any row of any block of the demo model is off by."""

PREVIEW_TOLERANCE = 0.05
"""Of the largest weight: Q in steps of 1 / 255 is used twice."""

SHOWN = np.tile(np.arange(100, dtype=np.uint8)[None, :, None], (96, 1, 3))


def test_a_payload_is_a_safetensors_file_with_aligned_arrays():
    arrays = {
        "odd": np.arange(5, dtype=np.uint8),
        "wide": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3),
        "steps": np.array([[-32767, 32767]], np.int16),
        "unit": np.array([0, 65535], np.uint16),
        "whole": np.array([[-1, 2**31 - 1]], np.int32),
        "none": np.zeros((0, 4), np.float32),
    }
    payload = payload_bytes({"name": "é", "deep": {"a": [1]}}, arrays)
    header, found = read_payload(payload)
    assert header == {"name": "é", "deep": {"a": [1]}}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    length = int.from_bytes(payload[:8], "little")
    entries = json.loads(payload[8 : 8 + length])
    for name, array in arrays.items():
        assert (8 + length + entries[name]["data_offsets"][0]) % array.itemsize == 0


def test_a_header_holds_finite_numbers():
    with pytest.raises(ValueError, match="not JSON compliant"):
        payload_bytes({"scale": float("nan")}, {})


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_browser_and_library_agree_on_every_row_column_and_figure(block, tmp_path):
    record = sharp_capture()[block]
    last = record.grid.num_tokens - 1
    choices = itertools.product(
        ("super", "global", "local"), (0, last // 2, last), (MEAN, 0, record.heads - 1), (False, True)
    )
    requests = [dict(zip(("kind", "token", "head", "incoming"), choice, strict=True)) for choice in choices]
    answers = node_answers(block_payload(record, 4), requests, tmp_path)
    for request, answer in zip(requests, answers, strict=True):
        expected = python_row(record, **request)
        check_close(answer["row"], expected)
        _check_figures(answer["summary"], measure_row(expected, record.grid, request["token"], 4))


@pytest.mark.parametrize("incoming", [False, True])
@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_browser_and_library_agree_on_every_region(block, incoming, tmp_path):
    captured = sharp_capture()
    record, segments = captured[block], segment_labels(list(captured.values()), SHOWN)
    grid, labels = record.grid, segments[record.grid.height, record.grid.width]
    row, column = grid.height // 2, grid.width // 3
    regions = [Region("super"), Region("rectangle", 400, 300), Region("rectangle", 1000, 1000), Region("segment")]
    choices = list(itertools.product(regions, ("super", "global", "local"), (MEAN, record.heads - 1)))
    requests = [
        {"region": asdict(region), "row": row, "column": column, "kind": kind, "head": head, "incoming": incoming}
        | {"segments": labels.tolist()}
        for region, kind, head in choices
    ]
    answers = node_answers(block_payload(record, record.token_pixels), requests, tmp_path)
    dense = {(kind, head): python_rows(record, kind, head, incoming) for _, kind, head in choices[:6]}
    for (region, kind, head), answer in zip(choices, answers, strict=True):
        tokens = region_tokens(region, record, row, column, segments)
        assert answer["tokens"] == tokens.tolist()
        expected = dense[kind, head][tokens].mean(0)
        check_close(answer["row"], expected)
        _check_figures(answer["summary"], measure_region(torch.from_numpy(expected), record, region, tokens))


def test_regions_of_windows_are_those_of_the_library(tmp_path):
    record = sharp_capture(mixers=("window", "window", "super", "super"), window=4)[BlockId(0, 1)]
    region = Region("rectangle", 500, 300)
    tokens = region_tokens(region, record, 9, 9)
    for incoming in (False, True):
        request = {"region": asdict(region), "row": 9, "column": 9, "kind": "super", "head": MEAN}
        [answer] = node_answers(block_payload(record, 4), [request | {"incoming": incoming}], tmp_path)
        check_close(answer["row"], python_rows(record, "super", MEAN, incoming)[tokens].mean(0))


def test_the_association_of_a_region_is_the_mean_of_its_tokens(tmp_path):
    record = sharp_capture()[BlockId(0, 0)]
    region = Region("rectangle", 300, 300)
    tokens = region_tokens(region, record, 2, 2)
    requests = [{"region": asdict(region), "row": 2, "column": 2, "kind": "association"}]
    requests += [{"token": int(token), "kind": "association"} for token in tokens]
    whole, *each = node_answers(block_payload(record, 4), requests, tmp_path)
    check_close(whole["row"], np.mean([answer["row"] for answer in each], axis=0))
    lost = record.association.leakage()[0, torch.from_numpy(tokens)].mean().item()
    assert whole["phantoms"] == pytest.approx(lost, rel=1e-3, abs=1e-4)


def _check_figures(found, expected):
    assert found["mass"] == pytest.approx(expected["mass"], rel=1e-3)
    assert found["entropy"] == pytest.approx(expected["entropy"], rel=1e-3, abs=1e-3)
    assert found["distance"] == pytest.approx(expected["distance"], rel=1e-3, abs=1e-3)
    assert found["local_mass"] == pytest.approx(expected["local_mass"], rel=1e-3)
    assert abs(found["tokens_for_90"] - expected["tokens_for_90"]) <= 1


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_association_is_drawn_on_the_tokens_of_its_super_tokens(block, tmp_path):
    record = sharp_capture()[block]
    token = record.grid.num_tokens - 1
    [answer] = node_answers(block_payload(record, 4), [{"kind": "association", "token": token}], tmp_path)
    association, labels = record.association, record.labels()[0].flatten()
    for other in range(record.grid.num_tokens):
        mine = (association.index[0, token] == labels[other]) * association.weight[0, token]
        assert answer["row"][other] == pytest.approx(mine.sum().item(), rel=1e-3, abs=1e-6)
    half_steps = 9 / 2 / 65535  # nine candidates, each off by half a step at most
    assert answer["phantoms"] == pytest.approx(association.leakage()[0, token].item(), rel=1e-3, abs=half_steps)


def test_an_association_of_another_shape_sends_its_index(tmp_path):
    record = sharp_capture(association={BlockId(0, 0): "hard"})[BlockId(0, 0)]
    payload = block_payload(record, 4)
    assert read_payload(payload)[1]["index"].shape == record.association.index.shape[1:]
    requests = [{"kind": "super", "token": 17, "head": 1, "incoming": incoming} for incoming in (False, True)]
    for request, answer in zip(requests, node_answers(payload, requests, tmp_path), strict=True):
        check_close(answer["row"], python_row(record, **request))


def test_blocks_without_super_tokens_send_queries_and_keys_only():
    captured = sharp_capture()
    _, arrays = read_payload(block_payload(captured[BlockId(3, 0)], 32))
    assert set(arrays) - STEPS == QUERY_KEY
    _, arrays = read_payload(block_payload(captured[BlockId(0, 0)], 4))
    assert set(arrays) >= {"log_normaliser", "labels", "weight", "normaliser", "core"}
    assert "index" not in arrays


def test_large_grids_do_without_incoming_global_attention(monkeypatch, tmp_path):
    record = sharp_capture()[BlockId(0, 0)]
    monkeypatch.setattr(block_module, "MAX_INCOMING", record.grid.num_tokens - 1)
    requests = [{"kind": "global", "token": 3, "head": MEAN, "incoming": incoming} for incoming in (True, False)]
    incoming, outgoing = node_answers(block_payload(record, 4), requests, tmp_path)
    assert incoming is None
    check_close(outgoing["row"], python_row(record, "global", 3, MEAN, False))


@pytest.mark.parametrize(("factor", "kind"), [(1.0, np.int16), (4.0, np.int16), (60.0, np.float32), (1e5, np.float32)])
def test_queries_and_keys_take_16_bits_where_no_logit_of_any_row_moves(factor, kind):
    query, key = torch.randn(2, 400, 8) * factor, torch.randn(2, 400, 8) + 100
    sent = sent_attention(SoftmaxAttention(query, key, 8**-0.5))
    assert {sent.arrays["query"].dtype, sent.arrays["key"].dtype} == {np.dtype(kind)}
    assert set(sent.arrays) == ({"query", "key"} | ({"query_step", "key_step"} if kind is np.int16 else set()))
    centred = key - key.mean(1, keepdim=True)
    moved = query @ centred.mT - sent.attention.query @ sent.attention.key.mT
    allowed = LOGIT_TOLERANCE if kind is np.int16 else 0
    assert moved.abs().max() * 8**-0.5 <= allowed + 1e-6 * factor


@pytest.mark.parametrize("block", [BlockId(0, 0), BlockId(1, 0), BlockId(2, 0), BlockId(3, 0)], ids=str)
def test_no_weight_of_any_row_shows_that_it_was_rounded(block):
    record = _demo()[block]
    _, arrays = read_payload(block_payload(record, 4))
    exact, tokens = global_attention(record), record.grid.num_tokens
    query, key = (torch.from_numpy(_from_steps(arrays, name)) for name in ("query", "key"))
    for head in range(record.heads):
        found = (query[head] @ key[head].T * exact.scale).softmax(-1)
        _check_all_rows(found, exact.rows(0, tokens, head))
        if not record.association.is_identity:
            _check_all_rows(_token_rows(arrays, record, head), record.token_attention().rows(0, tokens, head))


def _token_rows(arrays, record, head):
    """Return Q A(S) Q-hat^T of one head as the browser has it."""
    assert arrays["weight"].dtype == np.uint16
    weight = torch.from_numpy(arrays["weight"].astype(np.float32) / 65535)
    cells = record.grid.num_super_tokens
    index = record.association.index[0].where(record.association.index[0] >= 0, torch.tensor(cells))
    dense = torch.zeros(len(weight), cells + 1).scatter_add_(1, index, weight)[:, :cells]
    return dense @ torch.from_numpy(arrays["core"][head]) @ (dense / torch.from_numpy(arrays["normaliser"])).T


def _check_all_rows(found, exact):
    """Check all weights of all rows: to 3e-4 of their row's largest, and to one colour of 256 of themselves."""
    largest = exact.amax(-1, keepdim=True)
    assert ((found - exact).abs() / largest).max() <= ALL_ROWS
    assert ((found - exact).abs() <= exact / 255 + 1e-5 * largest).all()


def _from_steps(arrays, name):
    steps = arrays.get(f"{name}_step")
    return arrays[name] if steps is None else arrays[name].astype(np.float32) * steps[:, None]


@cache
def _demo():
    picture = prepare(sample_images()["cat"](), 224)
    return capture(load_pretrained("demo").eval(), picture.pixels)


def test_not_a_number_is_sent_as_it_is():
    broken = SoftmaxAttention(torch.full((1, 4, 2), torch.nan), torch.randn(1, 4, 2), 1.0)
    assert sent_attention(broken).arrays["query"].dtype == np.float32


@pytest.mark.parametrize(("tolerance", "kind"), [(1.0, np.int16), (0.0, np.float32)])
def test_browser_reads_whole_steps_and_floats(tolerance, kind, monkeypatch, tmp_path):
    monkeypatch.setattr(rounding, "LOGIT_TOLERANCE", tolerance)
    record = sharp_capture()[BlockId(1, 0)]
    payload = block_payload(record, 4)
    assert read_payload(payload)[1]["key"].dtype == kind
    [answer] = node_answers(payload, [{"kind": "global", "token": 7, "head": 1, "incoming": False}], tmp_path)
    check_close(answer["row"], python_row(record, "global", 7, 1, False))


def test_a_payload_that_was_cut_short_is_refused(tmp_path):
    payload = block_payload(sharp_capture()[BlockId(1, 0)], 4)
    with pytest.raises(AssertionError, match="RangeError"):
        node_answers(payload[:-400], [], tmp_path)


def test_log_normalisers_are_those_of_the_rows():
    attention = SoftmaxAttention(torch.randn(3, 70, 8) * 9, torch.randn(3, 70, 8) * 9, 8**-0.5)
    logits = attention.query @ attention.key.transpose(-1, -2) * attention.scale
    for max_bytes in (1, 10_000, 2**20):  # one row at a time, some, all
        torch.testing.assert_close(log_normalisers(attention, max_bytes), logits.logsumexp(-1))


def test_rows_with_tiny_weights_only_stay_whole():
    weight = torch.tensor([[0.5, 1e-6], [0.99999, 1e-5]])
    everywhere = torch.ones(2, 2, dtype=torch.bool)
    assert in_unit_steps(weight, everywhere).dtype == np.uint16
    assert in_unit_steps(weight, torch.tensor([[True, True], [False, True]])).dtype == np.float32
    assert in_unit_steps(weight * torch.nan, everywhere).dtype == np.float32


@pytest.mark.parametrize("incoming", [False, True])
def test_previews_are_the_attention_of_the_nearest_token(incoming, tmp_path):
    captured = sharp_capture()
    payload = scene_payload(captured, SHOWN)
    requests = [{"index": index, "down": 0.6, "across": 0.3, "incoming": incoming} for index in range(len(captured))]
    for record, answer in zip(captured.values(), node_answers(payload, requests, tmp_path), strict=True):
        grid = record.grid
        assert (answer["height"], answer["width"]) == (grid.height, grid.width)  # small enough to keep every token
        token = int(0.6 * grid.height) * grid.width + int(0.3 * grid.width)
        expected = python_row(record, "super", token, MEAN, incoming)
        assert np.abs(answer["row"] - expected).max() <= PREVIEW_TOLERANCE * expected.max()


def test_previews_of_large_grids_keep_every_fth_token(tmp_path):
    captured = sharp_capture(320, 288, cells=((4, 8), 4, 1, 1))
    request = {"down": 0.5, "across": 0.5, "incoming": False}
    requests = [request | {"index": index} for index in (0, 3)]
    sparse, dense = node_answers(scene_payload(captured, SHOWN), requests, tmp_path)
    _check_sample(sparse, captured[BlockId(0, 0)], (41, 37))
    _check_sample(dense, captured[BlockId(2, 0)], (11, 9))


def _check_sample(answer, record, position):
    """Check a preview that keeps every second token, the middle one of which is at `position`."""
    grid = record.grid
    row = python_row(record, "super", grid.token(*position), MEAN, False)
    expected = row.reshape(grid.height, grid.width)[1::2, 1::2]
    assert (answer["height"], answer["width"]) == expected.shape
    assert np.abs(answer["row"] - expected.flatten()).max() <= PREVIEW_TOLERANCE * expected.max()


def test_scene_holds_the_picture_and_all_blocks():
    captured = sharp_capture()
    header, arrays = read_payload(scene_payload(captured, SHOWN, name="mine", alt="a ramp"))
    assert [(block["stage"], block["block"]) for block in header["blocks"]] == [tuple(block) for block in captured]
    assert header["blocks"][1]["name"] == "mine/0.1"
    assert header["alt"] == "a ramp"
    found = np.asarray(Image.open(io.BytesIO(arrays["picture"].tobytes())))
    assert np.abs(found.astype(int) - SHOWN).max() <= 8
    assert arrays["colour_map"].shape == (256, 3)


@pytest.mark.parametrize("variant", ["stvit_small", "stvit_large"])
def test_a_block_at_224_stays_small(variant):
    captured = capture(create_model(variant).eval(), torch.randn(1, 3, 224, 224))
    assert len(block_payload(captured[BlockId(0, 0)], 4)) < 1_400_000
    smooth = np.random.default_rng(0).integers(0, 256, (28, 28, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    page = standalone_html(captured, smooth, [BlockId(0, 0)], anchor=Anchor(1, 2))
    assert len(page.encode()) < 3_300_000


def test_a_page_needs_a_block():
    with pytest.raises(ValueError, match="at least one block to show, got none"):
        standalone_html(sharp_capture(), SHOWN, [], anchor=Anchor(1, 2))


def test_a_page_escapes_what_people_wrote():
    page = standalone_html(
        sharp_capture(), SHOWN, [BlockId(3, 0)], anchor=Anchor(1, 2), title="<script>alert(1)</script>", alt="</script>"
    )
    assert "<script>alert" not in page
    assert page.count("</script>") == 1
    assert "https://" not in page.replace("http://www.w3.org", "")


def test_modules_join_into_one_valid_script(tmp_path):
    module = streamlit_module()
    assert "\nimport " not in module
    assert module.count("\nexport ") == 1
    (tmp_path / "module.mjs").write_text(module)
    oxlint = Path(sys.executable).with_name("oxlint")
    done = subprocess.run([oxlint, "-A", "all", tmp_path / "module.mjs"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout  # a name declared twice is a syntax error
    assert script() in module
    assert ".explorer" in style()


def test_modules_come_after_those_that_they_import():
    use, give = 'import {\n  a,\n  b,\n} from "./give.js";\nuse(a, b);', "export const a = 1;\nexport const b = 2;"
    assert joined({"use": use, "give": give}).index("const a = 1") < joined({"use": use, "give": give}).index("use(a")
    with pytest.raises(ValueError, match=r"use\.js imports give, which web/ does not hold"):
        joined({"use": use})
    back = 'import { c } from "./use.js";\n'
    with pytest.raises(ValueError, match="import each other in a circle: "):
        joined({"use": use, "give": back + give})


@pytest.mark.parametrize("parts", ["units", "regions"])
def test_small_parts_of_the_javascript(parts):
    node("--test", f"explorer_{parts}.test.mjs")
