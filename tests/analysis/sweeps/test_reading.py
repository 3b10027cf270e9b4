"""Reports on sweeps: each number against pandas or SciPy, over several files whose first has no heads."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import pearsonr, t

from analysis.commands.main import main
from analysis.many_pictures.tables import to_arrow
from analysis.redundancy.where import where_column
from analysis.reports.sweep import markdown
from analysis.sweeps.join import PICTURES, head_means
from analysis.sweeps.reading import comparison, correlations, distributions, extremes, open_sweep

COUNT = 40
METRICS = {"entropy": "nats", "effective_rank": "dimensions", "mass": "share"}


def values(seed):
    """Return a value for each picture, block, head and metric, mass the same for all, and one row about each block."""
    random = np.random.default_rng(seed)
    rows = [
        (
            f"{image}.png",
            0,
            block,
            head,
            attention,
            metric,
            1.0 if metric == "mass" else random.normal(image / 20),
            unit,
        )
        for image in range(COUNT)
        for block in (0, 1)
        for attention in ("super", "global")
        for head in (0, 1)
        for metric, unit in METRICS.items()
    ]
    rows += [
        (f"{i}.png", 0, b, pd.NA, "block", "token_cosine", random.normal(), "cosine")
        for i in range(COUNT)
        for b in (0, 1)
    ]
    columns = ["image", "stage", "block", "head", "attention", "metric", "value", "unit"]
    table = pd.DataFrame(rows, columns=columns).astype({"stage": "Int64", "block": "Int64", "head": "Int64"})
    return table.assign(stderr=np.nan, where=where_column(table))


def write(folder, seed, anchors=256):
    folder.mkdir()
    table = values(seed)
    about_blocks = table["attention"] == "block"
    for number, part in enumerate((table[about_blocks], table[~about_blocks])):  # no head at all in the first
        pq.write_table(head_means(to_arrow(part)), folder / f"head_means-{number:05d}.parquet")
    random = np.random.default_rng(seed + 1)
    pictures = pd.DataFrame(
        {
            "image": [f"{image}.png" for image in range(COUNT)],
            "sha256": [f"digest {image}" for image in range(COUNT)],
            "class": ["a|b" if image % 2 else None for image in range(COUNT)],
            "label": [None if image < 5 else image % 2 for image in range(COUNT)],
            "prediction": [0] * COUNT,
            "predicted_class": ["a|b"] * COUNT,
            "probability": random.uniform(0.5, 1, COUNT),
            "correct": [None if image < 5 else image % 2 == 0 for image in range(COUNT)],
        }
    )
    pq.write_table(pa.Table.from_pandas(pictures, PICTURES, preserve_index=False), folder / "pictures.parquet")
    said = {"model": "demo", "pictures": COUNT, "errors": 1}
    said["settings"] = {"anchors": anchors, "size": 224, "framing": "crop"}
    (folder / "sweep.json").write_text(json.dumps(said))
    return table, pictures


@pytest.fixture
def written(tmp_path):
    return write(tmp_path / "sweep", 0)


@pytest.fixture
def sweep(written, tmp_path):
    return open_sweep(tmp_path / "sweep")


PLACES = ["stage", "block", "attention", "metric"]


def by_picture(table):
    return table.groupby(["image", *PLACES])["value"].mean().reset_index()


def test_distributions_are_those_of_pandas(sweep, written):
    got = distributions(sweep).set_index(PLACES)
    expected = by_picture(written[0]).groupby(PLACES)["value"]
    assert len(got) == len(expected) == 14
    np.testing.assert_allclose(got["mean"], expected.mean().loc[got.index])
    np.testing.assert_allclose(got["standard_deviation"], expected.std().loc[got.index], atol=1e-12)
    for part in (5, 25, 50, 75, 95):
        np.testing.assert_allclose(got[f"q{part:02d}"], expected.quantile(part / 100).loc[got.index])
    assert (got["pictures"] == COUNT).all()
    assert got["unit"].loc[(0, 1, "super", "entropy")] == "nats"


def test_correlations_are_those_of_scipy(sweep, written):
    got = correlations(sweep)
    cells, pictures = by_picture(written[0]), written[1].set_index("image")
    assert set(got["metric"]) == {"entropy", "effective_rank", "token_cosine"}  # mass does not vary
    for row in got.itertuples():
        here = cells[(cells[PLACES] == [row.stage, row.block, row.attention, row.metric]).all(axis=1)]
        answer = pictures.loc[here["image"], row.answer].astype(float).to_numpy()
        known = ~np.isnan(answer)
        expected = pearsonr(here["value"].to_numpy()[known], answer[known])
        assert row.pictures == known.sum() == (COUNT - 5 if row.answer == "correct" else COUNT)
        assert row.r == pytest.approx(expected.statistic)
        assert (row.low, row.high) == pytest.approx(tuple(expected.confidence_interval(0.95)), rel=1e-6)


def test_extremes_are_ordered_by_the_score(sweep, written):
    got = extremes(sweep, 4)
    cells = by_picture(written[0])
    cells = cells[cells["attention"].isin(["super", "block"]) & (cells["metric"] != "mass")]
    standard = cells.groupby(PLACES)["value"].transform(lambda values: (values - values.mean()) / values.std())
    signs = cells["metric"].map({"entropy": 1, "effective_rank": -1, "token_cosine": 1})
    score = (standard * signs).groupby(cells["image"]).mean()
    assert got["image"].tolist() == [*score.nlargest(4).index, *score.nsmallest(4).index]
    np.testing.assert_allclose(got["score"], score.loc[got["image"]])
    assert got["redundant"].tolist() == ["most"] * 4 + ["least"] * 4


def test_a_comparison_pairs_pictures_by_their_bytes(sweep, written, tmp_path):
    table, _ = write(tmp_path / "other", 7)
    got = comparison(sweep, open_sweep(tmp_path / "other")).set_index(PLACES)
    both = by_picture(written[0]).merge(by_picture(table), on=["image", *PLACES])
    for place, rows in both.groupby(PLACES):
        difference = rows["value_y"] - rows["value_x"]
        assert got.loc[place, "difference"] == pytest.approx(difference.mean(), abs=1e-12)
        error = difference.std() / COUNT**0.5
        assert got.loc[place, "high"] - got.loc[place, "difference"] == pytest.approx(1.959964 * error, abs=1e-12)
        assert pytest.approx(t.ppf(0.975, 1e7), rel=1e-5) == 1.959964
    pictures = pd.read_parquet(tmp_path / "other" / "pictures.parquet").assign(sha256="none of these")
    pq.write_table(
        pa.Table.from_pandas(pictures, PICTURES, preserve_index=False), tmp_path / "other" / "pictures.parquet"
    )
    with pytest.raises(ValueError, match="no picture in common"):
        comparison(sweep, open_sweep(tmp_path / "other"))


def test_the_command_writes_markdown_and_tables(written, tmp_path, capsys):
    write(tmp_path / "other", 7, None)
    words = ["report", str(tmp_path / "sweep"), "--against", str(tmp_path / "other"), "--out", str(tmp_path / "told")]
    assert main(words) == 0
    text = (tmp_path / "told" / "report.md").read_text()
    assert "# Sweep of 40 pictures with demo" in text
    assert "Correct: 48.6 % of 35 pictures" in text
    assert "a\\|b" in text
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| ")}
    assert len(widths) <= 4  # of four tables
    for name in ("distributions", "extremes", "correlations", "comparison"):
        assert len(pd.read_csv(tmp_path / "told" / f"{name}.csv"))
    assert main(["report", str(tmp_path / "sweep")]) == 0
    assert not (tmp_path / "sweep" / "report" / "comparison.csv").exists()


def test_a_table_has_a_line_for_each_row():
    table = pd.DataFrame({"name": ["a|b", None], "value": [1.23456, np.nan], "count": [1, 2]})
    assert markdown(table) == [
        "| name | value | count |",
        "| --- | --- | --- |",
        "| a\\|b | 1.235 | 1 |",
        "|  |  | 2 |",
    ]


def test_without_complete_results_it_is_one_sentence(written, tmp_path, capsys):
    folder = tmp_path / "sweep"
    pq.write_table(pa.table({"a": [1]}), folder / "head_means-00001.parquet")
    assert main(["report", str(folder)]) == 1
    assert "head_means-00001.parquet is no table of this version" in capsys.readouterr().err
    (folder / "head_means-00001.parquet").write_bytes(b"torn")
    assert main(["report", str(folder)]) == 1
    assert "missing or damaged" in capsys.readouterr().err
    (folder / "sweep.json").write_text("{")
    assert main(["report", str(folder)]) == 1
    assert "is damaged; run the sweep again" in capsys.readouterr().err
    (folder / "sweep.json").unlink()
    assert main(["report", str(folder)]) == 1
    assert "holds no complete sweep" in capsys.readouterr().err
    assert main(["report"]) == 1
    assert "Name the folder" in capsys.readouterr().err
