"""Sweeps side by side: means, errors and paired differences against pandas and SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import sem

from analysis.commands.main import main
from analysis.reports.findings import difference_lines, side_by_side_lines
from analysis.sweeps.reading import open_sweep
from analysis.sweeps.side_by_side import Attention, differences, means, picture_values
from tests.support.sweeps import command, dataset, results, tiny_weights

METRICS = ("entropy", "effective_rank", "token_cosine")
OWN, TRAINED = "own.safetensors", "trained.safetensors"


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Return the folders of sweeps of two models, of the same pictures, a sample of rows."""
    folder = tmp_path_factory.mktemp("sweeps")
    data = dataset(folder / "data", 6)
    for seed, name in enumerate((OWN, TRAINED)):
        weights = tiny_weights(folder / name, seed)
        assert main(command(data, weights, folder / f"of {name}", "--workers", "0")) == 0
    return folder


@pytest.fixture(scope="module")
def values(swept):
    return picture_values([open_sweep(swept / f"of {name}") for name in (OWN, TRAINED)], METRICS, (0, 1))


def by_picture(swept, model, block, attention, metric):
    """Return the mean over heads of each picture."""
    table, _ = results(swept / f"of {model}")
    rows = table[(table["stage"] == block) & (table["attention"] == attention) & (table["metric"] == metric)]
    return rows.groupby("image")["value"].mean().to_numpy()


PLACES = [
    (0, "super", "entropy", False),
    (1, "global", "entropy", False),
    (1, "super", "effective_rank", False),
    (1, "block", "token_cosine", False),
]


@pytest.mark.parametrize(("stage", "attention", "metric", "estimate"), PLACES)
@pytest.mark.parametrize("model", [OWN, TRAINED])
def test_means_and_errors_are_those_of_scipy(swept, values, model, stage, attention, metric, estimate):
    found = means(values).set_index(["model", "stage", "block", "attention", "metric"])
    expected = by_picture(swept, model, stage, attention, metric)
    row = found.loc[(model, stage, 0, attention, metric)]
    assert row["pictures"] == 6
    assert row["mean"] == pytest.approx(expected.mean())
    assert row["error"] == pytest.approx(sem(expected))
    assert bool(row["estimate"]) is estimate


def test_only_the_stages_and_metrics_that_were_asked_for(values):
    assert set(values["stage"]) == {0, 1}
    assert set(values["metric"]) == set(METRICS)


@pytest.mark.parametrize(("stage", "metric"), [(0, "entropy"), (1, "entropy")])
def test_differences_are_of_pairs(swept, values, stage, metric):
    found = differences(values, Attention(TRAINED, "super"), Attention(OWN, "global")).set_index(["stage", "metric"])
    first, second = by_picture(swept, TRAINED, stage, "super", metric), by_picture(swept, OWN, stage, "global", metric)
    row = found.loc[(stage, metric)]
    assert (row["first"], row["second"]) == pytest.approx((first.mean(), second.mean()))
    assert row["difference"] == pytest.approx((second - first).mean())
    half = 1.959964 * sem(second - first)
    assert (row["high"] - row["difference"], row["difference"] - row["low"]) == pytest.approx((half, half))


def test_sweeps_with_nothing_in_common_or_the_same_number_are_refused(swept, values):
    with pytest.raises(ValueError, match=f"in common; the sweeps hold {OWN}, {TRAINED}. Name two"):
        differences(values, Attention(TRAINED, "super"), Attention("nobody", "super"))
    sweep = open_sweep(swept / f"of {OWN}")
    with pytest.raises(ValueError, match=f"Several sweeps of {OWN} hold its"):
        picture_values([sweep, sweep], METRICS, (0,))


def test_another_sweep_of_a_model_adds_what_a_sample_leaves_out(swept):
    words = ["sweep", str(swept / "data"), "--weights", str(swept / OWN), "--out", str(swept / "ranks"), "--size", "64"]
    more = ["--workers", "0", "--anchors", "all", "--attentions", "global", "--metrics", "effective_rank"]
    assert main([*words, *more]) == 0
    folders = [open_sweep(swept / name) for name in (f"of {OWN}", "ranks")]
    tables = [picture_values(some, METRICS, (0, 1)) for some in (folders[:1], folders)]
    kept, both = (set(zip(table["attention"], table["metric"], strict=True)) for table in tables)
    assert both - kept == {("global", "effective_rank")}


def test_tables_have_a_column_for_each_model_and_uniform_attention_last():
    rows = [
        ("a", "uniform", 0, 0, "entropy", "nats", False, 1, 8.0, np.nan),
        ("a", "super", 0, 0, "entropy", "nats", False, 9, 7.12345, 0.0123),
        ("a", "global", 0, 0, "entropy", "nats", False, 9, 6.0, 0.1),
        ("b", "super", 0, 0, "entropy", "nats", True, 9, 6.5, 12.3),
        ("b", "block", 0, 0, "token_cosine", "cosine", False, 9, 0.5, 0.001),
    ]
    columns = ["model", "attention", "stage", "block", "metric", "unit", "estimate", "pictures", "mean", "error"]
    assert side_by_side_lines(pd.DataFrame(rows, columns=columns)) == [
        "| metric | block | a | b | uniform |",
        "| --- | --- | --- | --- | --- |",
        "| Entropy, nats | 1.1 | 7.123 (0.01) | ≈ 6.5 (10) | 8 |",
        "| Token cosine, cosine | 1.1 |  | 0.5 (0.001) |  |",
    ]
    compared = pd.DataFrame(
        {
            "stage": [0, 0],
            "block": [1, 0],
            "metric": ["entropy"] * 2,
            "first": [6.0, 5.0],
            "second": [5.5, 5.25],
            "difference": [-0.5, 0.25],
            "low": [-0.75, 0.125],
            "high": [-0.25, 0.375],
        }
    )
    assert difference_lines(compared, "a", "b")[2:] == [
        "| Entropy, nats | 1.1 | 5 | 5.25 | 0.25 | +0.125 to +0.375 |",
        "| Entropy, nats | 1.2 | 6 | 5.5 | -0.5 | -0.75 to -0.25 |",
    ]


def test_the_command_writes_tables_and_a_figure(swept, values, tmp_path):
    folders = [str(swept / f"of {name}") for name in (OWN, TRAINED)]
    words = ["findings", *folders, "--own", OWN, "--trained", TRAINED, "--metrics", *METRICS]
    assert main([*words, "--out", str(tmp_path / "told")]) == 0
    assert {path.name for path in (tmp_path / "told").glob("[!.]*")} == {
        "means.csv",
        "differences.csv",
        "findings.md",
        "findings.svg",
    }
    got = pd.read_csv(tmp_path / "told" / "means.csv")
    np.testing.assert_allclose(got["mean"], means(values)["mean"], rtol=1e-5)
    assert "\n".join(side_by_side_lines(means(values))) in (tmp_path / "told" / "findings.md").read_text()
    assert "own q and k over all tokens" in (tmp_path / "told" / "findings.svg").read_text()
