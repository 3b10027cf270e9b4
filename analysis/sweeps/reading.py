"""The results of a sweep, read by DuckDB: distributions, extremes, correlations and the comparison of two sweeps."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.attention.kinds import KINDS, OWN
from analysis.redundancy.catalogue import CATALOGUE, chosen_metrics
from analysis.sweeps.join import CONFIGURATION, HEAD_MEANS, PICTURES
from stvit.foreign_text import plain

PLACES = "stage, block, attention, metric"

NORMAL_95 = 1.959964
"""Half the width of a 95 % interval in standard errors."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The open results of a sweep.

    Attributes:
        folder: Where they are.
        configuration: The content of sweep.json.
        database: In which `head_means` holds a row for each picture, block, attention and metric, the mean over heads,
            and `pictures` a row for each picture.
        lock: Held while a question is asked: a connection answers one thread at a time.
    """

    folder: Path
    configuration: dict[str, Any]
    database: Any
    lock: RLock = field(default_factory=RLock)

    @property
    def own_title(self) -> str:
        """What people call the attention that the model itself computes."""
        title: str = self.configuration.get("own_attention", KINDS[OWN].title)
        return title

    def query(self, text: str) -> pd.DataFrame:
        """Return the answer to a question in SQL."""
        with self.lock:
            found: pd.DataFrame = self.database.execute(text).df()
        return found


def open_sweep(folder: Path) -> Sweep:
    """Open the results of a sweep.

    Raises:
        FileNotFoundError: If the folder holds no complete results.
        ValueError: If a file is damaged or of another kind.
    """
    import duckdb  # takes a moment, and most who import this module open no sweep

    configuration = _configuration(folder)
    files = sorted(folder.glob("head_means-*.parquet"))
    if not files:
        raise FileNotFoundError(f"{plain(folder, 200)} holds no head_means-*.parquet; run the sweep again.")
    for path in files:  # DuckDB takes the schema of many files from the first: it must be that of all
        _check(path, HEAD_MEANS)
    _check(folder / "pictures.parquet", PICTURES)
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    names = [str(path) for path in files]
    database.read_parquet(names).create_view("head_means")
    database.read_parquet(str(folder / "pictures.parquet")).create_view("pictures")
    return Sweep(folder, configuration, database)


def distributions(sweep: Sweep, metric: str | None = None) -> pd.DataFrame:
    """Return mean, standard deviation and quantiles over pictures, for each block and attention.

    Args:
        sweep: The sweep.
        metric: Name of the metric; all if None.
    """
    quantiles = ", ".join(f"quantile_cont(value, {part / 100}) AS q{part:02d}" for part in (5, 25, 50, 75, 95))
    return sweep.query(
        f"SELECT {PLACES}, any_value(unit) AS unit, count(*) AS pictures, avg(value) AS mean, "
        f"stddev_samp(value) AS standard_deviation, {quantiles} FROM head_means WHERE {_of(metric)} GROUP BY {PLACES} "
        f"ORDER BY {_ordered()}"
    )


def accuracy(sweep: Sweep) -> tuple[float, int]:
    """Return the share of pictures that the model is right about, and of how many the class is known."""
    found = sweep.query("SELECT count(correct) AS known, avg(correct::INT) AS share FROM pictures").iloc[0]
    return float(found["share"]), int(found["known"])


def extremes(sweep: Sweep, count: int = 10) -> pd.DataFrame:
    """Return the most and the least redundant pictures, with their score.

    The score is the mean, over blocks and metrics of the model's own attention and tokens that say something about
    redundancy (see `Metric.redundant`), of how many standard deviations over pictures a value lies on the redundant
    side. Metrics that are the same for all pictures carry no information and are left out.
    """
    signs = {name: 1 if metric.redundant == "high" else -1 for name, metric in CATALOGUE.items() if metric.redundant}
    with sweep.lock:
        _write_scores(sweep, signs)
    columns = 'image, score, sha256, "class", predicted_class, prediction, probability, correct'
    return sweep.query(
        f"SELECT * FROM (SELECT 'most' AS redundant, {columns} FROM scores JOIN pictures USING (image) "
        f"ORDER BY score DESC, image LIMIT {count:d}) UNION ALL "
        f"SELECT * FROM (SELECT 'least' AS redundant, {columns} FROM scores JOIN pictures USING (image) "
        f"ORDER BY score, image LIMIT {count:d})"
    )


def _write_scores(sweep: Sweep, signs: dict[str, int]) -> None:
    sweep.database.register("signs", pd.DataFrame({"metric": list(signs), "sign": list(signs.values())}))
    sweep.database.execute(
        f"CREATE OR REPLACE TEMP TABLE scores AS WITH spread AS (SELECT {PLACES}, avg(value) AS mean, "
        f"stddev_samp(value) AS deviation FROM head_means GROUP BY {PLACES}) "
        "SELECT image, avg(sign * (value - mean) / deviation) AS score FROM head_means "
        f"JOIN spread USING ({PLACES}) JOIN signs USING (metric) "
        "WHERE attention IN ('super', 'block') AND deviation > 1e-9 * abs(mean) + 1e-12 GROUP BY image"
    )


def correlations(sweep: Sweep, metric: str | None = None) -> pd.DataFrame:
    """Return Pearson's r of a metric in each block with correctness and with probability, and its 95 % interval.

    The interval is Fisher's: tanh(artanh r -+ 1.96 / sqrt(n - 3)). With correctness, 0 or 1, r is the point-biserial
    correlation. Nothing is said where a value or the answer is the same for all pictures, or of fewer than 4 pictures.

    Args:
        sweep: The sweep.
        metric: Name of the metric; all if None.
    """
    interval = "tanh(atanh(least(greatest(r, -1), 1)) {sign} {width} / sqrt(pictures - 3)) AS {name}"
    bounds = ", ".join(
        interval.format(sign=sign, width=NORMAL_95, name=name) for sign, name in (("-", "low"), ("+", "high"))
    )
    parts = [
        f"SELECT {PLACES}, '{answer}' AS answer, corr(value, {number}) AS r, count({number}) AS pictures, "
        f"stddev_samp(value) AS spread, avg(abs(value)) AS size, stddev_samp({number}) AS answers "
        f"FROM head_means JOIN pictures USING (image) WHERE {number} IS NOT NULL AND {_of(metric)} "
        f"GROUP BY {PLACES}"
        for answer, number in (("correct", "correct::INT::DOUBLE"), ("probability", "probability"))
    ]
    return sweep.query(
        f"SELECT {PLACES}, answer, pictures, r, {bounds} FROM ({' UNION ALL '.join(parts)}) "
        "WHERE pictures > 3 AND spread > 1e-9 * size + 1e-12 AND answers > 0 AND abs(r) < 1 "
        f"ORDER BY answer, {_ordered()}"
    )


def comparison(sweep: Sweep, other: Sweep, metric: str | None = None) -> pd.DataFrame:
    """Return how much larger each metric is in another sweep, over the pictures (by their bytes) that both measured.

    Args:
        sweep: The first sweep.
        other: The other sweep; its value minus that of `sweep` is `difference`, with the 95 % interval of its mean.
        metric: Name of the metric; all if None.

    Raises:
        ValueError: If they have no picture in common.
    """
    once = "(SELECT sha256, min(image) AS image FROM pictures GROUP BY sha256)"
    fetch = f"SELECT sha256, {PLACES}, value FROM head_means JOIN {once} USING (image) WHERE {_of(metric)}"
    with other.lock:
        theirs = other.database.sql(fetch).to_arrow_table()
    with sweep.lock:
        sweep.database.register("theirs", theirs)
        found = sweep.query(
            f"SELECT {PLACES}, count(*) AS pictures, avg(mine.value) AS first, avg(theirs.value) AS second, "
            "avg(theirs.value - mine.value) AS difference, "
            "stddev_samp(theirs.value - mine.value) / sqrt(count(*)) AS error "
            f"FROM ({fetch}) AS mine JOIN theirs USING (sha256, {PLACES}) GROUP BY {PLACES} ORDER BY {_ordered()}"
        )
        sweep.database.unregister("theirs")
    if found.empty:
        raise ValueError("These sweeps have no picture in common, so nothing can be compared.")
    half = NORMAL_95 * found.pop("error")
    return found.assign(low=found["difference"] - half, high=found["difference"] + half)


def _of(metric: str | None) -> str:
    """Return the condition that a row is of a metric, or of its estimate; all metrics if None.

    Raises:
        ValueError: If there is no such metric.
    """
    names = ", ".join(f"'{name}'" for name in chosen_metrics(metric))
    return "true" if metric is None else f"metric IN ({names})"


def _ordered() -> str:
    """Return the order of rows: by stage, block and attention, with metrics as in the catalogue."""
    names = ", ".join(f"'{name}'" for name in CATALOGUE)
    return f"stage, block, attention, list_position([{names}], metric)"


def _configuration(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / CONFIGURATION).read_bytes())
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{plain(folder, 200)} holds no complete sweep ({CONFIGURATION} is written last); run "
            "`python -m analysis sweep` again, which goes on with what is left."
        ) from error
    except ValueError as error:
        raise ValueError(f"{CONFIGURATION} in {plain(folder, 200)} is damaged; run the sweep again.") from error
    return found


def _check(path: Path, schema: pa.Schema) -> None:
    try:
        found = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{plain(path.name)} is missing or damaged; run the sweep again.") from error
    if not found.equals(schema):
        raise ValueError(f"{plain(path.name)} is no table of this version of the sweep; run the sweep again.")
