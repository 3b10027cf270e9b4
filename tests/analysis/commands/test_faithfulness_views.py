"""Views of faithfulness on the command line: their numbers are those of the library."""

import numpy as np
import pandas as pd
import pytest

from analysis.commands.main import main
from analysis.faithfulness.effects import effects_of_each
from analysis.faithfulness.receptive_field import receptive_fields
from analysis.redundancy.cka import cka_matrix
from analysis.trials import AS_IT_IS, all_changes
from stvit import BlockId, capture, create_model, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images

PICTURE = ["--sample", "cat", "--random", "stvit_demo", "--size", "64"]


@pytest.fixture(scope="module")
def model():
    return create_model("stvit_demo", seed=0).eval()


@pytest.fixture(scope="module")
def pixels():
    return prepare(sample_images()["cat"](), 64).pixels


def exported(folder, view, *words):
    """Return the table and the arrays of a view, and check that its figure can be drawn."""
    for suffix in ("csv", "npz", "svg"):
        assert main(["export", view, *PICTURE, *words, "--out", str(folder / f"file.{suffix}")]) == 0
    with np.load(folder / "file.npz") as arrays:
        return pd.read_csv(folder / "file.csv"), dict(arrays)


def test_faithfulness_follows_every_order_of_every_grouping(tmp_path):
    words = ["--groups", "super", "random", "--steps", "2", "--random-orders", "2", "--greedy-steps", "1"]
    table, arrays = exported(tmp_path, "faithfulness", *words)
    assert set(table["grouping"]) == {"super", "random"}
    assert set(table["order"]) == {"class_rollout", "rollout", "gradient", "random", "greedy"}
    assert arrays["labels_super"].shape == (64, 64)
    starts = arrays["log_probability"][(arrays["share"] == 0) & (arrays["curve"] == "deletion")]
    np.testing.assert_allclose(starts, starts[0])  # each curve starts from the whole picture


def test_ablation_is_that_of_each_super_token(tmp_path, model, pixels):
    table, arrays = exported(tmp_path, "ablation", "--class", "3", "--how", "mean")
    record = capture(model, pixels)[BlockId(0, 0)]
    count = record.grid.num_super_tokens
    expected = effects_of_each(model, pixels, BlockId(0, 0), "super_tokens", count, "mean").table(3)
    pd.testing.assert_frame_equal(table, expected, check_dtype=False, rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(arrays["labels"], record.labels()[0])
    heads, _ = exported(tmp_path, "ablation", "--part", "heads", "--stage", "4")
    assert len(heads) == capture(model, pixels)[BlockId(3, 0)].heads


def test_receptive_fields_come_beside_rollouts(tmp_path, model, pixels):
    table, arrays = exported(tmp_path, "receptive-field")
    assert set(table["kind"]) == {"gradient", "rollout"}
    expected = receptive_fields(model, pixels)[BlockId(1, 1)]
    row = table.query("kind == 'gradient' and stage == 1 and block == 1 and level == 0.5")
    assert row["side"].item() == pytest.approx(expected.side(0.5))
    np.testing.assert_allclose(arrays["gradient_stage_1_block_1"], expected.pixels, rtol=1e-3, atol=1e-7)


def test_similarity_is_cka_between_blocks_and_between_models(tmp_path, model, pixels):
    cap = capture(model, pixels)
    table, arrays = exported(tmp_path, "similarity", "--quantity", "divergence")
    np.testing.assert_allclose(arrays["matrix_1"], cka_matrix(cap), atol=1e-5)
    assert table["value"].notna().all()
    assert set(table["quantity"]) == {"linear CKA", "Jensen-Shannon divergence (nats)"}
    for word, other in (("twin-conv", load_pretrained("twin-conv")), ("random:stvit_demo", model)):
        table, arrays = exported(tmp_path, "similarity", "--other", word)
        np.testing.assert_allclose(arrays["matrix_1"], cka_matrix(cap, capture(other, pixels)), atol=1e-5)
        assert set(table["quantity"]) == {"linear CKA"}  # heads of one model have no others to be alike to


def test_every_change_is_tried(tmp_path):
    table, arrays = exported(tmp_path, "what-if-all")
    assert table["change"][0] == AS_IT_IS
    assert len(table) == len(all_changes()) + 1
    same = table.set_index("change")["divergence"]
    assert same["1 iteration"] == pytest.approx(0, abs=1e-9)  # what the model itself does
    assert same["0 iterations"] == pytest.approx(same["Regular grid"])
    np.testing.assert_allclose(arrays["probabilities"].sum(1), 1)


def test_groups_of_a_file_are_tried_beside_the_changes(tmp_path):
    cells = np.kron(np.arange(4).reshape(2, 2), np.ones((32, 32), int))
    np.savez(tmp_path / "cells.npz", cells)
    table, _ = exported(tmp_path, "what-if-all", "--groups", str(tmp_path / "cells.npz"))
    assert len(table) == len(all_changes()) + 2
    same = table.set_index("change")["divergence"]
    assert same["From file: cells.npz"] == pytest.approx(same["Regular grid"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("faithfulness --class 99", "Class 99 does not exist; this model has classes 0 to 9."),
        ("faithfulness --steps 0", "--steps must be at least 1, got 0."),
        ("faithfulness --stage 4 --groups super", "has no super tokens"),
        ("ablation --block 9", "There is no block 9 in a stage 1"),
        ("similarity --other nobody", "nobody"),
    ],
)
def test_bad_words_are_one_sentence(words, message, tmp_path, capsys):
    view, *more = words.split()
    assert main(["export", view, *PICTURE, *more, "--out", str(tmp_path / "file.csv")]) == 1
    said = capsys.readouterr().err.strip()
    assert message in said
    assert len(said.splitlines()) == 1
