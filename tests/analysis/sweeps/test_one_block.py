"""One metric in one block of a sweep against pandas and NumPy, and its pictures found by their bytes."""

import tarfile

import numpy as np
import pandas as pd
import pytest

from analysis.commands.main import main
from analysis.sweeps.at_hand import find_picture
from analysis.sweeps.one_block import BINS, Place, classes, histogram
from analysis.sweeps.reading import accuracy, correlations, distributions, open_sweep
from tests.support.small_sweep import CLASSES, COUNT, small_sweep
from tests.support.sweeps import picture

PLACE = Place("normalised_entropy", 0, 1)


@pytest.fixture
def written(tmp_path):
    return small_sweep(tmp_path / "sweep")


@pytest.fixture
def sweep(written, tmp_path):
    return open_sweep(tmp_path / "sweep")


def means(table, attention):
    here = (table["metric"] == PLACE.metric) & (table["block"] == 1) & (table["attention"] == attention)
    return table[here].groupby("image")["value"].mean()


def test_a_histogram_is_that_of_numpy(sweep, written):
    got = histogram(sweep, PLACE)
    both = [means(written[0], attention).to_numpy() for attention in ("super", "global")]
    edges = np.linspace(np.min(both), np.max(both), BINS + 1)
    for attention, values in zip(("super", "global"), both, strict=True):
        counts, _ = np.histogram(values, edges)
        part = got[got["attention"] == attention]
        np.testing.assert_allclose(part["middle"], ((edges[:-1] + edges[1:]) / 2)[counts > 0])
        assert part["pictures"].tolist() == counts[counts > 0].tolist()


def test_classes_have_the_names_of_the_model_and_the_quantiles_of_numpy(sweep, written):
    got = classes(sweep, PLACE, "super").set_index("class")
    label = written[1].set_index("image")["label"]
    values = means(written[0], "super")
    for number, name in enumerate(CLASSES):
        own = values[label[values.index] == number]
        assert got.loc[name, "pictures"] == len(own) == COUNT / 2
        expected = np.quantile(own, [0.05, 0.25, 0.5, 0.75, 0.95])
        np.testing.assert_allclose(got.loc[name, ["q05", "q25", "q50", "q75", "q95"]].astype(float), expected)
    assert got["q50"].is_monotonic_decreasing


def test_one_metric_gives_the_rows_that_all_give(sweep):
    for ask in (distributions, correlations):
        whole = ask(sweep)
        own = whole[whole["metric"] == PLACE.metric].reset_index(drop=True)
        pd.testing.assert_frame_equal(ask(sweep, PLACE.metric), own)


def test_accuracy_counts_what_is_known(sweep, written):
    assert accuracy(sweep) == (written[1]["correct"].mean(), COUNT)


def test_no_attention_is_taken_for_a_question(sweep):
    with pytest.raises(ValueError, match="There is no attention"):
        classes(sweep, PLACE, "x') OR true --")


def test_a_picture_is_found_by_its_name_and_known_by_its_bytes(sweep, written, tmp_path):
    name, digest = written[1].loc[0, ["image", "sha256"]]
    assert find_picture(sweep, name).sha256 == digest
    picture(tmp_path / name, 99)
    assert find_picture(sweep, name) is None
    (tmp_path / name).unlink()
    assert find_picture(sweep, name) is None
    other = picture(tmp_path / "pictures" / "secret.png", 100)
    assert find_picture(sweep, str(other)) is None


def test_a_picture_is_found_in_its_tar(sweep, written, tmp_path):
    name, digest = written[1].loc[1, ["image", "sha256"]]
    with tarfile.open(tmp_path / "all.tar", "w") as tar:
        tar.add(tmp_path / name, "church/1.png")
    with sweep.lock:
        sweep.database.execute("CREATE TABLE swept AS SELECT * FROM pictures")
        sweep.database.execute("UPDATE swept SET image = 'all.tar/church/1.png' WHERE image = ?", [name])
        sweep.database.execute("CREATE OR REPLACE VIEW pictures AS SELECT * FROM swept")
    assert find_picture(sweep, "all.tar/church/1.png").sha256 == digest
    assert find_picture(sweep, "all.tar/church/2.png") is None


def test_a_block_that_was_not_measured_is_refused(written, tmp_path, capsys):
    command = ["export", "dataset", str(tmp_path / "sweep"), "--stage", "9", "--out", str(tmp_path / "a.csv")]
    assert main(command) == 1
    assert "This sweep has no stage 9, block 1" in capsys.readouterr().err
