"""The reference: its quantiles against NumPy, percentiles against counting, the file that ships."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.commands.main import main
from analysis.many_pictures.tables import to_arrow
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.where import where_column
from analysis.sweeps.join import PICTURES, head_means
from analysis.sweeps.reference import LEVELS, QUANTILES, REFERENCE, SCHEMA, percentile, read_reference, reference
from stvit import BlockId
from stvit.weights.load import model_digest
from stvit.weights.pretrained import load_pretrained

COUNT = 37
MODELS = ("demo", "twin-super", "twin-global", "twin-window", "twin-conv")
METRICS = {"entropy": "nats", "mass": "share", "effective_rank_estimate": "dimensions"}


def number(random, metric):
    return 1.0 if metric == "mass" else random.gamma(2)


def write_sweep(folder, model="demo", seed=0):
    """Write the results of a sweep with a gamma of shape 2 for each number, but for the mass, which is always 1."""
    folder.mkdir()
    random = np.random.default_rng(seed)
    rows = [
        (f"{image}.png", 0, block, head, attention, metric, number(random, metric), unit)
        for image in range(COUNT)
        for block in (0, 1)
        for attention in ("super", "global")
        for head in (0, 1)
        for metric, unit in METRICS.items()
    ]
    rows += [(f"{i}.png", 0, 1, pd.NA, "block", "leakage", random.gamma(2), "share") for i in range(COUNT)]
    columns = ["image", "stage", "block", "head", "attention", "metric", "value", "unit"]
    table = pd.DataFrame(rows, columns=columns).astype({"stage": "Int64", "block": "Int64", "head": "Int64"})
    table = table.assign(stderr=np.nan, where=where_column(table))
    for file, part in enumerate((table[:-COUNT], table[-COUNT:])):  # the second about blocks alone
        pq.write_table(to_arrow(part), folder / f"ledger-{file:05d}.parquet")
        pq.write_table(head_means(to_arrow(part)), folder / f"head_means-{file:05d}.parquet")
    names = {"image": [f"{image}.png" for image in range(COUNT)], "sha256": [str(image) for image in range(COUNT)]}
    pictures = pd.DataFrame(names | {"prediction": 0, "probability": 0.5})
    pictures = pictures.reindex(columns=PICTURES.names)
    pq.write_table(pa.Table.from_pandas(pictures, PICTURES, preserve_index=False), folder / "pictures.parquet")
    settings = {"anchors": 256, "size": 224, "framing": "crop"}
    said = {"model": model, "weights": f"digest {seed}", "pictures": COUNT, "errors": 0, "every": 4}
    (folder / "sweep.json").write_text(json.dumps(said | {"settings": settings}))
    return table


@pytest.fixture
def table(tmp_path):
    return write_sweep(tmp_path / "sweep")


@pytest.fixture
def path(table, tmp_path):
    path = tmp_path / "own.parquet"
    assert main(["report", str(tmp_path / "sweep"), "--reference", str(path)]) == 0
    return path


def values_of(table, block, head, attention, metric):
    here = table[(table["block"] == block) & (table["attention"] == attention) & (table["metric"] == metric)]
    if head is None:
        return here.groupby("image")["value"].mean().to_numpy()
    return here.loc[here["head"] == head, "value"].to_numpy()


PLACES = [
    (0, 1, "super", "entropy"),
    (1, None, "global", "entropy"),
    (1, 0, "global", "effective_rank_estimate"),
    (0, None, "super", "mass"),
    (1, None, "block", "leakage"),
]


@pytest.mark.parametrize(("block", "head", "attention", "metric"), PLACES)
def test_quantiles_are_those_of_numpy(table, path, block, head, attention, metric):
    rows = reference("demo", path).of(metric, attention, head)
    got = rows[rows["block"] == block]
    expected = np.quantile(values_of(table, block, head, attention, metric), np.array(LEVELS) / 100)
    assert len(got) == 1
    np.testing.assert_allclose(got[list(QUANTILES)].to_numpy(float)[0], expected, rtol=1e-6)


@pytest.mark.parametrize(("block", "head", "attention", "metric"), PLACES)
def test_the_percentile_of_the_median_is_50(table, path, block, head, attention, metric):
    median = float(np.median(values_of(table, block, head, attention, metric)))
    got = percentile(reference("demo", path), metric, BlockId(0, block), head, median, attention)
    assert got == pytest.approx(50, abs=1e-3)


def test_percentiles_count_the_pictures_below(table, path):
    bands, found = reference("demo", path), np.sort(values_of(table, 0, 1, "super", "entropy"))
    levels = np.arange(COUNT) / (COUNT - 1) * 100  # of each picture, as quantiles count
    got = [percentile(bands, "entropy", (0, 0), 1, value) for value in found]
    assert np.all(np.diff(got) > 0)
    bracket = np.searchsorted(LEVELS, levels)  # where the spread is taken as even
    assert (got <= np.array(LEVELS)[bracket] + 1e-4).all()
    assert (got >= np.array(LEVELS)[np.maximum(bracket - 1, 0)] - 1e-4).all()
    assert percentile(bands, "entropy", (0, 0), 1, found[0] - 1e-3) == 0
    assert percentile(bands, "entropy", (0, 0), 1, found[-1] + 1e-3) == 100
    assert percentile(bands, "mass", (0, 0), None, 1.0 - 1e-3) == 0


def test_a_number_that_is_missing_is_named(path):
    bands = reference("demo", path)
    for metric, block, head, words in (
        ("distance", (0, 0), 1, "no distance of super attention in stage 1, block 1, head 2"),
        ("entropy", (3, 0), None, "no entropy of super attention in stage 4, block 1, mean over heads"),
    ):
        with pytest.raises(LookupError, match=words):
            percentile(bands, metric, block, head, 1.0)


def test_a_model_is_replaced_and_others_stay(path, tmp_path):
    first = reference("demo", path)
    write_sweep(tmp_path / "other", "twin-super", 1)
    write_sweep(tmp_path / "again", "demo", 2)
    for folder in ("other", "again"):
        assert main(["report", str(tmp_path / folder), "--reference", str(path)]) == 0
    found = read_reference(path)
    assert list(found) == ["demo", "twin-super"]
    assert [found[name].swept.weights for name in found] == ["digest 2", "digest 1"]
    assert not found["demo"].of("entropy").equals(first.of("entropy"))
    assert reference("small-224", path) is None
    assert (first.swept.pictures, first.swept.every, first.swept.anchors) == (COUNT, 4, 256)


def test_a_metric_stands_for_its_estimate(path):
    bands = reference("demo", path)
    assert len(bands.of("effective_rank", "global")) == 2
    assert percentile(bands, "effective_rank", (0, 0), 0, 1e9, "global") == 100


def test_another_file_is_one_sentence(tmp_path, table, capsys):
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    assert main(["report", str(tmp_path / "sweep"), "--reference", str(path)]) == 1
    assert "is no reference, or damaged" in capsys.readouterr().err


def test_the_file_that_ships_is_small_and_whole():
    assert REFERENCE.stat().st_size < 500_000
    assert pq.read_schema(REFERENCE).remove_metadata() == SCHEMA
    assert set(read_reference(REFERENCE)) == set(MODELS)
    table = pq.read_table(REFERENCE).to_pandas()
    quantiles = table[list(QUANTILES)].to_numpy()
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert not table.duplicated(["model", "stage", "block", "head", "attention", "metric"]).any()
    assert set(table["metric"]) <= set(CATALOGUE)


@pytest.mark.parametrize("name", MODELS)
def test_it_is_about_the_weights_that_ship(name):
    model, bands = load_pretrained(name), reference(name)
    assert bands.swept.weights == model_digest(model)
    assert bands.swept.pictures >= 600
    depth = [tuple(row) for row in bands.of("token_cosine")[["stage", "block"]].itertuples(index=False)]
    assert depth == list(model.blocks())
