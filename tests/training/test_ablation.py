"""Ablations: every row against a slow run of picture after picture through capture, and runs that are killed."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from analysis.changes import CHANGES
from stvit import STViT, capture
from stvit.association import Association
from stvit.images import prepare
from stvit.weights.load import save_weights
from tests.support.training_data import TINY_MODEL, write_folder
from training.ablation.catalogue import GROUPINGS, UNCHANGED, ablations_of
from training.ablation.networks import counted_macs, give, grids_of
from training.ablation.pictures import batches
from training.ablation.run import Pictures, ablate
from training.ablation.table import markdown
from training.cli import main
from training.evaluate import measure
from training.sources import list_images

SIZE = 64
NAMES = [ablation.name for ablation in ablations_of(TINY_MODEL)]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(2)
    model = STViT(TINY_MODEL).eval()
    with torch.no_grad():
        for value in model.parameters():  # so that tokens, associations and classes differ
            value.normal_(std=0.4)
    return model


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data") / "pictures", {"val": 4})


@pytest.fixture(scope="module")
def summary(model, data, tmp_path_factory):
    *_, last = ablate({"tiny": model}, pictures(data), tmp_path_factory.mktemp("out"))
    return last.summary.set_index("ablation")


def pictures(data, **changes):
    return Pictures(data, size=SIZE, batch_size=5, **changes)


def logits_of(model, name, prepared):
    """Return the logits of one picture by way of hooks, or of a network built for other settings."""
    if name.startswith("cells"):
        first = int(name.partition("_")[2])
        changed = STViT(replace(TINY_MODEL, cells=(first, first // 2, 1, 1))).eval()
        changed.load_state_dict(model.state_dict())
        return capture(changed, prepared.pixels).logits[0]
    if name == UNCHANGED:
        return capture(model, prepared.pixels).logits[0]
    kind, _, count = name.partition("_")
    variant = CHANGES[kind].variant(prepared.shown, int(count) if count else None)
    return variant.run(model, prepared.pixels).logits[0]


def answers(model, data, name):
    """Return right or wrong, and the divergence, picture by picture."""
    right, divergence = [], []
    for file, label in list_images(data, "val").files:
        prepared = prepare(data / file, SIZE)
        after = logits_of(model, name, prepared).double().softmax(-1)
        before = logits_of(model, UNCHANGED, prepared).double().softmax(-1)
        right.append(float(after.argmax() == label))
        divergence.append(sum(float(p * torch.log(p / q)) for p, q in zip(before, after, strict=True)))
    return np.array(right), np.array(divergence)


@pytest.mark.parametrize("name", NAMES)
def test_each_row_is_that_of_a_slow_run(summary, model, data, name):
    right, divergence = answers(model, data, name)
    plain, _ = answers(model, data, UNCHANGED)
    row = summary.loc[name]
    assert row["pictures"] == len(right) == 12
    assert row["top1"] == pytest.approx(100 * right.mean())
    assert row["top1_change"] == pytest.approx(100 * (right - plain).mean())
    assert row["top1_change_error"] == pytest.approx(100 * np.std(right - plain, ddof=1) / 12**0.5)
    assert row["divergence"] == pytest.approx(divergence.mean(), rel=1e-3, abs=1e-7)
    assert row["divergence_error"] == pytest.approx(divergence.std(ddof=1) / 12**0.5, rel=1e-3, abs=1e-7)


def test_the_unchanged_network_is_the_one_that_evaluate_measures(summary, model, data):
    row = summary.loc[UNCHANGED]
    assert row["top1"] == pytest.approx(measure(model, data, size=SIZE, progress=False).top1)
    assert row["divergence"] == row["top1_change"] == 0
    assert row["gmac"] > 0
    assert row["images_per_second"] > 0


def test_every_other_row_changes_something_and_says_so(summary):
    assert not summary.loc[UNCHANGED, "off_training"]
    others = summary.drop(index=UNCHANGED)
    assert others["off_training"].all()
    assert (others["divergence"] > 1e-9).all()
    assert (summary.loc[list(GROUPINGS), "grouping_ms"] > 0).all()
    assert (summary.drop(index=list(GROUPINGS))["grouping_ms"] == 0).all()
    for column in ("top1", "divergence", "gmac"):
        assert summary.loc["grid", column] == pytest.approx(summary.loc["iterations_0", column])


def test_what_a_network_has_by_itself_is_no_change():
    assert {"cells_4", "cells_16", "iterations_0", "iterations_2", *GROUPINGS} <= set(NAMES)
    assert not {"cells_8", "iterations_1"} & set(NAMES)
    other = replace(TINY_MODEL, cells=(4, 2, 1, 1), num_iters=(2, 2, 1, 1))
    assert {"cells_8", "iterations_1"} <= {ablation.name for ablation in ablations_of(other)}
    with pytest.raises(ValueError, match="Only networks with super tokens in stages 1 and 2"):
        ablations_of(replace(TINY_MODEL, mixers=("global", "global", "super", "super")))


@pytest.mark.parametrize("name", NAMES)
def test_operations_are_those_that_pytorch_counts_and_those_of_sparse_associations(model, name, monkeypatch):
    ablation = next(one for one in ablations_of(TINY_MODEL) if one.name == name)
    network, pixels = ablation.build(model), torch.randn(1, 3, SIZE, SIZE)
    if ablation.method is not None:
        give(network, {grid: grid.cell_index[None] for grid in grids_of(network, SIZE)})
    unseen = []
    for step in ("sample", "upsample"):
        plain = getattr(Association, step)

        def counting(self, values, plain=plain):
            if not self.is_identity:
                unseen.append(self.index.numel() * values.shape[-1])
            return plain(self, values)

        monkeypatch.setattr(Association, step, counting)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(pixels)
    expected = counter.get_total_flops() // 2 + sum(unseen)
    assert bool(unseen) == ablation.sparse
    assert counted_macs(network, pixels, ablation.sparse) == expected


def test_a_killed_run_goes_on(model, data, summary, tmp_path):
    list(ablate({"tiny": model}, pictures(data), tmp_path))
    rows = tmp_path / "batches.jsonl"
    first, second, _ = rows.read_text().splitlines()
    rows.write_text(f"{first}\n{second[:100]}")
    steps = list(ablate({"tiny": model}, pictures(data), tmp_path))
    assert [(step.done, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert [step.summary["pictures"].max() for step in steps] == [4, 8, 12]
    assert [json.loads(line)["batch"] for line in rows.read_text().splitlines()] == [0, 1, 2]
    again = steps[-1].summary.set_index("ablation")
    for column in ("pictures", "top1", "divergence"):
        np.testing.assert_allclose(again[column], summary[column], rtol=1e-6)


def test_classes_keep_their_shares_in_every_batch(data):
    listing = list_images(data, "val")
    shares = [batch.labels.bincount().tolist() for _, batch in batches(data, listing, SIZE, 4, {1})]
    assert shares == [[1, 1, 1]] * 3


def test_another_run_in_the_same_folder_is_refused(model, data, tmp_path):
    list(ablate({"tiny": model}, pictures(data, every=6), tmp_path))
    with pytest.raises(ValueError, match="holds an ablation of other networks, pictures or settings"):
        list(ablate({"tiny": model}, pictures(data, every=5), tmp_path))
    for wrong in ({"every": 0}, {"batch_size": 0}):
        with pytest.raises(ValueError, match="must be at least 1, got 0"):
            replace(pictures(data), **wrong).listing()


def test_every_nth_picture_of_the_sorted_names(data):
    names = [name for name, _ in list_images(data, "val").files]
    assert [name for name, _ in pictures(data, every=5).listing().files] == [names[0], names[5], names[10]]


def test_the_command_writes_both_tables(model, data, tmp_path, capsys):
    weights, out = tmp_path / "tiny.safetensors", tmp_path / "out"
    save_weights(model, weights)
    words = ["ablate", str(weights), "--data", str(data), "--out", str(out), "--size", str(SIZE), "--every", "4"]
    main([*words, "--quiet"])
    table = pd.read_csv(out / "ablation.csv")
    assert list(table["ablation"]) == NAMES
    assert (out / "ablation.md").read_text() == markdown(table)
    assert markdown(table).strip() in capsys.readouterr().out
    lines = [line for line in markdown(table).splitlines() if line.startswith("| ")]
    assert len(lines) == len(NAMES) + 1
    assert sum("* |" in line for line in lines) == len(NAMES) - 1
    with pytest.raises(SystemExit, match="2"):
        main([*words[:-1], "3", "--quiet"])
    assert "choose another --out" in capsys.readouterr().err
