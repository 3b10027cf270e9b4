"""The ledger: one tidy table whose numbers are those of the functions behind it, in bounded memory."""

import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch

from analysis import ledger
from analysis.attention.baselines import UniformAttention, global_attention, local_attention, swapped_attention
from analysis.attention.kinds import attention_rules
from analysis.redundancy import sketched_ranks
from analysis.redundancy.association import association_summary
from analysis.redundancy.catalogue import CATALOGUE, metrics_of
from analysis.redundancy.cka import feature_cka
from analysis.redundancy.features import block_similarity
from analysis.redundancy.measure import measure, measure_all
from analysis.redundancy.row_metrics import RowSettings
from stvit import BlockId, SoftmaxAttention, capture
from stvit.attentions import base, softmax
from tests.support.memory import LargestTensor
from tests.support.tiny import tiny_model, tiny_pixels

COLUMNS = ["image", "stage", "block", "head", "attention", "metric", "value", "unit", "stderr", "where"]


@pytest.fixture(scope="module")
def cap():
    torch.manual_seed(3)
    return capture(tiny_model(torch.float64), tiny_pixels(2, 52, 100, torch.float64))


@pytest.fixture(scope="module")
def table(cap):
    return ledger(cap)


def one(table, **wanted):
    for column, value in wanted.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table["value"].item()


def test_the_table_is_tidy(cap, table):
    assert list(table.columns) == COLUMNS
    assert not table.duplicated(COLUMNS[:6]).any()
    assert np.isfinite(table["value"]).all()
    assert table["stderr"].isna().all()
    assert set(table["image"]) == {0, 1}
    assert set(zip(table["stage"], table["block"], strict=True)) == {tuple(block) for block in cap}
    assert (table["unit"] == table["metric"].map(lambda name: CATALOGUE[name].unit)).all()
    about_blocks = table["attention"] == "block"
    assert (table["head"].isna() == about_blocks).all()
    assert set(table.loc[about_blocks, "metric"]) == set(metrics_of("block"))
    assert set(table.loc[~about_blocks, "attention"]) == {"super", "global", "local"}
    for block, record in cap.items():
        here = table[(table["stage"] == block.stage) & (table["block"] == block.block) & ~about_blocks]
        assert set(here["head"]) == set(range(record.heads))


@pytest.mark.parametrize("image", [0, 1])
def test_values_are_those_of_each_attention_alone(cap, table, image):
    got = table[table["image"] == image].set_index(["stage", "block", "attention", "head", "metric"])["value"].to_dict()
    for block, record in cap.items():
        sources = {
            "super": record.token_attention(image),
            "global": global_attention(record, image),
            "local": local_attention(record, 7, image),
        }
        for name, source in sources.items():
            values = measure(source, record.grid, 4 * 2**block.stage).head_values()
            for metric in values:
                here = [got[*block, name, head, metric] for head in range(record.heads)]
                np.testing.assert_allclose(here, values[metric], atol=1e-9, err_msg=f"{block} {name} {metric}")


def test_values_of_blocks(cap, table):
    before = None
    for block, record in cap.items():
        expected = block_similarity(record, 1) | association_summary(record, 1)
        if before is not None and record.grid.num_tokens >= 16:
            pixels = before.token_pixels, record.token_pixels
            expected["cka_previous"] = feature_cka(before.tokens[1], record.tokens[1], pixels)
        for metric, value in expected.items():
            got = one(table, image=1, stage=block.stage, block=block.block, metric=metric)
            assert got == pytest.approx(value, abs=1e-9), metric
        before = record


def test_what_does_not_exist_has_no_row():
    cap = capture(tiny_model(num_heads=(1, 2, 4, 6)), tiny_pixels(1, 32, 32))
    table = ledger(cap)
    assert table["value"].notna().all()
    first = table[(table["stage"] == 0) & (table["block"] == 0)]
    assert not set(first["metric"]) & {"head_divergence", "head_cosine", "cka_previous"}
    last = table[table["stage"] == 3]  # one token
    assert not set(last["metric"]) & {"token_cosine", "super_token_cosine", "cka_previous"}


def test_attentions_and_metrics_are_chosen_by_name(cap):
    table = ledger(cap, ("uniform", "identity", "grid", "hard"), ["entropy", "leakage"])
    assert set(table["metric"]) == {"entropy", "leakage"}
    assert set(table["attention"]) == {"uniform", "identity", "grid", "hard", "block"}
    count = cap[BlockId(0, 0)].grid.num_tokens
    place = {"image": 0, "stage": 0, "block": 0, "head": 0, "metric": "entropy"}
    assert one(table, **place, attention="uniform") == pytest.approx(np.log(count), abs=1e-5)
    assert one(table, **place, attention="identity") == 0
    expected = measure(swapped_attention(cap[BlockId(0, 0)], "grid"), cap[BlockId(0, 0)].grid, 4, ["entropy"])
    assert one(table, **place, attention="grid") == pytest.approx(expected.head_values()["entropy"][0])
    assert set(ledger(cap, "super", "entropy")["attention"]) == {"super"}
    assert set(ledger(cap, (), None)["attention"]) == {"block"}


def test_own_kinds_of_attention(cap):
    rules = {"backwards": lambda record: flipped(global_attention(record)), "global": global_attention}
    table = ledger(cap, rules, ["entropy"])
    assert set(table["attention"]) == {"backwards", "global"}
    values = table[table["stage"] == 3].pivot(index=["image", "head"], columns="attention", values="value")
    assert (values["backwards"] - values["global"]).abs().max() > 1e-9


def flipped(source):
    return SoftmaxAttention(source.key, source.query, source.scale)


def test_settings_reach_the_metrics(cap):
    settings = RowSettings(neighbourhood=1, top_k=10**6)
    table = ledger(cap, ("local",), ["local_mass", "top_mass"], window=1, settings=settings)
    np.testing.assert_allclose(table["value"], 1)
    estimated = ledger(cap, ("global", "super"), ["effective_rank"], exact_tokens=100)
    stage = estimated[estimated["stage"] == 0]
    assert set(stage.loc[stage["attention"] == "global", "metric"]) == {"effective_rank_estimate"}
    assert set(stage.loc[stage["attention"] == "super", "metric"]) == {"effective_rank"}


def test_an_attention_that_occurs_twice_is_measured_once(cap, monkeypatch):
    calls = []
    module = sys.modules["analysis.redundancy.ledger"]  # its name in the package is the function
    monkeypatch.setattr(module, "measure_all", lambda found, *rest: calls.extend(found) or measure_all(found, *rest))
    table = ledger(cap, ("super", "global"), ["entropy"])
    with_super_tokens = sum(not record.grid.is_identity for record in cap.values())
    assert len(calls) == 2 * (2 * with_super_tokens + (len(cap) - with_super_tokens))
    last = table[table["stage"] == 3].pivot(index=["image", "head"], columns="attention", values="value")
    assert (last["super"] == last["global"]).all()


def test_images_have_names(cap):
    names = ["cat.png", "dog.png"]
    assert list(ledger(cap, (), ["leakage"], image_names=names)["image"].unique()) == names


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_is_told_inside_blocks_and_comes_to_its_end(cap, threads, monkeypatch):
    monkeypatch.setattr("stvit.attentions.base.BLOCK_BYTES", 2000)
    monkeypatch.setattr("analysis.redundancy.watch.PERIOD", 0.0)
    monkeypatch.setattr("analysis.redundancy.parallel.PERIOD", 1e-4)  # 0 would keep the tasks from Python's lock
    told, before = [], torch.get_num_threads()
    torch.set_num_threads(threads)
    table = ledger(cap, ("super", "global"), progress=lambda *both: told.append(both))
    torch.set_num_threads(before)
    done, totals = (np.array(values) for values in zip(*told, strict=True))
    assert len(set(done)) > 10 * len(cap)  # far more often than once a block
    assert (np.diff(done) >= 0).all()
    assert len(set(totals)) == 1
    assert done[-1] == totals[0]
    pd.testing.assert_frame_equal(table, ledger(cap, ("super", "global")))


class Slow(UniformAttention):
    """Takes a moment for each block of rows, and counts them."""

    read = 0

    def head_rows(self, start, stop):
        Slow.read += 1
        time.sleep(0.01)
        return super().head_rows(start, min(stop, start + 1))


@pytest.mark.parametrize("threads", [1, 2])
def test_what_progress_raises_stops_all_work(cap, threads, monkeypatch):
    monkeypatch.setattr("stvit.attentions.base.BLOCK_BYTES", 1)
    monkeypatch.setattr("analysis.redundancy.pieces.CHUNKS", 2)
    told, before, Slow.read = [], torch.get_num_threads(), 0

    def cancel(done, total):
        told.append(done)
        if done > 0:
            raise KeyboardInterrupt

    torch.set_num_threads(threads)
    with pytest.raises(KeyboardInterrupt):
        ledger(cap, {"slow": lambda record: Slow(record.grid.num_tokens)}, ["entropy"], progress=cancel)
    torch.set_num_threads(before)
    read, rows_of_a_task = Slow.read, cap[BlockId(0, 0)].grid.num_tokens // 2
    time.sleep(0.1)
    assert Slow.read == read < rows_of_a_task  # nothing was read afterwards, and no task came to its end before
    assert told[-1] > 0 == told[0]


def test_one_image_of_a_batch(cap):
    for record in cap.values():
        alone = record.select(1)
        assert alone.batch_size == 1
        assert torch.equal(alone.token_attention().row(3), record.token_attention(1).row(3))
        torch.testing.assert_close(alone.leakage()[0], record.leakage()[1], rtol=0, atol=1e-15)
        assert alone.replay_error() < 1e-12
    with pytest.raises(IndexError, match="Image 2 does not exist"):
        record.select(2)


def test_an_empty_capture_gives_an_empty_table():
    table = ledger(capture(tiny_model(), tiny_pixels(1, 32, 32), blocks=[]))
    assert list(table.columns) == COLUMNS
    assert table.empty


def test_the_table_survives_files(table, tmp_path):
    table.to_parquet(tmp_path / "ledger.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "ledger.parquet"), table)
    table.to_csv(tmp_path / "ledger.csv", index=False)
    again = pd.read_csv(tmp_path / "ledger.csv", dtype={"head": "Int64"})
    pd.testing.assert_frame_equal(again, table, check_dtype=False)


def test_memory_does_not_grow_with_all_pairs(monkeypatch):
    for module in (base, sketched_ranks):
        monkeypatch.setattr(module, "BLOCK_BYTES", 2**19)
    monkeypatch.setattr(sketched_ranks, "DENSE_BYTES", 0)
    monkeypatch.setattr(softmax, "DENSE_BYTES", 0)
    cap = capture(tiny_model(), tiny_pixels(1, 192, 192), blocks=[(0, 0)])
    tokens = cap[BlockId(0, 0)].grid.num_tokens
    metrics = [name for name in CATALOGUE if not name.startswith("head_")]
    with LargestTensor() as largest:
        ledger(cap, ("super", "global", "local"), metrics, exact_tokens=100)
    sketch = 4 * tokens * sketched_ranks.SKETCHED
    assert largest.nbytes <= 2 * sketch < 4 * tokens**2 / 2


def test_bad_input_is_named(cap):
    with pytest.raises(ValueError, match="no attention named vanilla; known are super, global, local"):
        ledger(cap, ("super", "vanilla"))
    with pytest.raises(ValueError, match="There is no metric named entropi; known are mass"):
        ledger(cap, metrics=["entropi"])
    with pytest.raises(ValueError, match="holds 2 images, got 1 image_names"):
        ledger(cap, image_names=["cat.png"])
    assert set(attention_rules(["grid"])) == {"grid"}
