import io
import itertools

import numpy as np
import pytest
import torch
from explorer_support import MEAN, check_close, node, node_answers, python_row, sharp_capture
from PIL import Image

from analysis.figures.attention_maps import Anchor
from analysis.row_summary import row_summary
from stvit import BlockId, SoftmaxAttention, capture, create_model
from ui.explorer import block_payload as block_module
from ui.explorer import rounding, standalone_html
from ui.explorer.block_payload import block_payload
from ui.explorer.bundle import MODULES, WEB, script, streamlit_module, style
from ui.explorer.container import pack, unpack
from ui.explorer.rounding import as_half, log_normalisers, rounded_attention
from ui.explorer.scene_payload import scene_payload

BLOCKS = [BlockId(0, 0), BlockId(0, 1), BlockId(1, 0), BlockId(2, 0), BlockId(3, 0)]
QUERY_KEY = {f"{name}_{part}" for name in ("query", "key") for part in ("low", "high", "step")} | {"log_normaliser"}
PREVIEW_TOLERANCE = 0.05
"""Of the largest weight: Q in steps of 1 / 255 is used twice."""

SHOWN = np.tile(np.arange(100, dtype=np.uint8)[None, :, None], (96, 1, 3))


def test_container_gives_back_header_and_arrays():
    arrays = {
        "odd": np.arange(5, dtype=np.uint8),
        "wide": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3),
        "half": np.array([0.5, 6e-8], np.float16),
        "whole": np.array([[-1, 2**31 - 1]], np.int32),
        "short": np.array([-3], np.int16),
        "none": np.zeros((0, 4), np.float32),
    }
    header, found = unpack(pack({"name": "é", "deep": {"a": [1]}}, arrays))
    assert header == {"name": "é", "deep": {"a": [1]}}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_container_names_what_is_wrong():
    data = pack({}, {"a": np.arange(3, dtype=np.int32)})
    with pytest.raises(ValueError, match="starts with b'STVX', got b'JUNK'"):
        unpack(b"JUNK" + data[4:])
    with pytest.raises(ValueError, match="version 1, got version 7"):
        unpack(data[:4] + b"\7" + data[5:])
    with pytest.raises(ValueError, match="checksum does not match"):
        unpack(data[:-8] + b"\1" + data[-7:])
    with pytest.raises(ValueError, match="starts with"):
        unpack(b"")
    with pytest.raises(TypeError, match="'a' has dtype float64; a payload holds float32"):
        pack({}, {"a": np.zeros(2)})


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
        _check_figures(answer["summary"], row_summary(expected, record.grid, request["token"], 4))


def _check_figures(found, expected):
    assert found["mass"] == pytest.approx(expected.mass, rel=1e-3)
    assert found["entropy"] == pytest.approx(expected.entropy, rel=1e-3, abs=1e-3)
    assert found["distance"] == pytest.approx(expected.distance, rel=1e-3, abs=1e-3)
    assert found["near"] == pytest.approx(expected.local_mass, rel=1e-3)
    assert abs(found["tokens"] - expected.tokens_for_90) <= 1


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_association_is_drawn_on_the_tokens_of_its_super_tokens(block, tmp_path):
    record = sharp_capture()[block]
    token = record.grid.num_tokens - 1
    [answer] = node_answers(block_payload(record, 4), [{"kind": "association", "token": token}], tmp_path)
    association, labels = record.association, record.labels()[0].flatten()
    for other in range(record.grid.num_tokens):
        mine = (association.index[0, token] == labels[other]) * association.weight[0, token]
        assert answer["row"][other] == pytest.approx(mine.sum().item(), rel=1e-3, abs=1e-6)
    assert answer["phantoms"] == pytest.approx(association.leakage()[0, token].item(), rel=1e-3, abs=1e-6)


def test_an_association_of_another_shape_sends_its_index(tmp_path):
    record = sharp_capture(association={BlockId(0, 0): "hard"})[BlockId(0, 0)]
    payload = block_payload(record, 4)
    assert unpack(payload)[1]["index"].shape == record.association.index.shape[1:]
    requests = [{"kind": "super", "token": 17, "head": 1, "incoming": incoming} for incoming in (False, True)]
    for request, answer in zip(requests, node_answers(payload, requests, tmp_path), strict=True):
        check_close(answer["row"], python_row(record, **request))


def test_blocks_without_super_tokens_send_queries_and_keys_only():
    captured = sharp_capture()
    _, arrays = unpack(block_payload(captured[BlockId(3, 0)], 32))
    assert set(arrays) in (QUERY_KEY, {"query", "key", "log_normaliser"})
    _, arrays = unpack(block_payload(captured[BlockId(0, 0)], 4))
    assert set(arrays) >= {"log_normaliser", "labels", "weight", "normaliser", "core"}
    assert "index" not in arrays


def test_large_grids_do_without_incoming_global_attention(monkeypatch, tmp_path):
    record = sharp_capture()[BlockId(0, 0)]
    monkeypatch.setattr(block_module, "MAX_INCOMING", record.grid.num_tokens - 1)
    requests = [{"kind": "global", "token": 3, "head": MEAN, "incoming": incoming} for incoming in (True, False)]
    incoming, outgoing = node_answers(block_payload(record, 4), requests, tmp_path)
    assert incoming is None
    check_close(outgoing["row"], python_row(record, "global", 3, MEAN, False))


@pytest.mark.parametrize(("factor", "bits"), [(1.0, 14), (6.0, 16), (60.0, 32), (1e5, 32)])
def test_queries_and_keys_take_as_few_bits_as_do_not_show(factor, bits, tmp_path):
    exact = SoftmaxAttention(torch.randn(2, 50, 8) * factor, torch.randn(2, 50, 8) + 100, 8**-0.5)
    sent = rounded_attention(exact)
    assert sent.bits == bits
    assert set(sent.arrays) == ({"query", "key"} if bits == 32 else QUERY_KEY - {"log_normaliser"})
    torch.testing.assert_close(sent.attention.rows(0, 50), exact.rows(0, 50), atol=1e-3, rtol=0)


def test_not_a_number_is_sent_as_it_is():
    broken = SoftmaxAttention(torch.full((1, 4, 2), torch.nan), torch.randn(1, 4, 2), 1.0)
    assert rounded_attention(broken).bits == 32


@pytest.mark.parametrize("bits", [14, 16])
def test_browser_unpacks_what_was_rounded(bits, monkeypatch, tmp_path):
    monkeypatch.setattr(rounding, "BITS", (bits,))
    monkeypatch.setattr(rounding, "TOLERANCE", 1.0)
    record = sharp_capture()[BlockId(1, 0)]
    payload = block_payload(record, 4)
    assert unpack(payload)[0]["bits"] == bits
    [answer] = node_answers(payload, [{"kind": "global", "token": 7, "head": 1, "incoming": False}], tmp_path)
    check_close(answer["row"], python_row(record, "global", 7, 1, False))


def test_log_normalisers_are_those_of_the_rows():
    attention = SoftmaxAttention(torch.randn(3, 70, 8) * 9, torch.randn(3, 70, 8) * 9, 8**-0.5)
    logits = attention.query @ attention.key.transpose(-1, -2) * attention.scale
    for max_bytes in (1, 10_000, 2**20):  # one row at a time, some, all
        torch.testing.assert_close(log_normalisers(attention, max_bytes), logits.logsumexp(-1))


def test_rows_with_tiny_weights_only_stay_whole():
    weight = torch.tensor([[0.5, 1e-6], [0.99999, 1e-5]])
    everywhere = torch.ones(2, 2, dtype=torch.bool)
    assert as_half(weight, everywhere).dtype == np.float16
    assert as_half(weight, torch.tensor([[True, True], [False, True]])).dtype == np.float32


@pytest.mark.parametrize("incoming", [False, True])
def test_previews_are_the_attention_of_the_nearest_token(incoming, tmp_path):
    captured = sharp_capture()
    payload = scene_payload(captured, SHOWN)
    requests = [{"place": place, "down": 0.6, "across": 0.3, "incoming": incoming} for place in range(len(captured))]
    for record, answer in zip(captured.values(), node_answers(payload, requests, tmp_path), strict=True):
        grid = record.grid
        assert (answer["height"], answer["width"]) == (grid.height, grid.width)  # small enough to keep every token
        token = int(0.6 * grid.height) * grid.width + int(0.3 * grid.width)
        expected = python_row(record, "super", token, MEAN, incoming)
        assert np.abs(answer["row"] - expected).max() <= PREVIEW_TOLERANCE * expected.max()


def test_previews_of_large_grids_keep_every_fth_token(tmp_path):
    captured = sharp_capture(320, 288, cells=((4, 8), 4, 1, 1))
    request = {"down": 0.5, "across": 0.5, "incoming": False}
    requests = [request | {"place": place} for place in (0, 3)]
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
    header, arrays = unpack(scene_payload(captured, SHOWN, name="mine", alt="a ramp"))
    assert [(block["stage"], block["block"]) for block in header["blocks"]] == [tuple(block) for block in captured]
    assert header["blocks"][1]["name"] == "mine/0.1"
    assert header["alt"] == "a ramp"
    found = np.asarray(Image.open(io.BytesIO(arrays["picture"].tobytes())))
    assert np.abs(found.astype(int) - SHOWN).max() <= 8
    assert arrays["colour_map"].shape == (256, 3)


@pytest.mark.parametrize("variant", ["stvit_small", "stvit_large"])
def test_a_block_at_224_stays_small(variant):
    captured = capture(create_model(variant).eval(), torch.randn(1, 3, 224, 224))
    assert len(block_payload(captured[BlockId(0, 0)], 4)) < 1_200_000
    smooth = np.random.default_rng(0).integers(0, 256, (28, 28, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    page = standalone_html(captured, smooth, [BlockId(0, 0)], anchor=Anchor(1, 2))
    assert len(page.encode()) < 3_000_000


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
    assert sorted(MODULES) == sorted(path.stem for path in WEB.glob("*.js"))
    module = streamlit_module()
    assert "\nimport " not in module
    assert module.count("\nexport ") == 1
    (tmp_path / "module.mjs").write_text(module)
    node("--check", str(tmp_path / "module.mjs"))  # a name declared twice is a syntax error
    assert script() in module
    assert ".explorer" in style()


def test_small_parts_of_the_javascript():
    node("--test", "explorer_units.test.mjs")
