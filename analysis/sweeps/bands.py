"""From the results of a sweep to the bands of a reference."""

from pathlib import Path

from analysis.redundancy.catalogue import CATALOGUE
from analysis.sweeps.reading import Sweep, open_sweep
from analysis.sweeps.reference import LEVELS, PLACES, QUANTILES, Bands, Swept, reference

REFERENCE_NAME = "reference"
"""Stands for the reference that ships, where the folder of a sweep may stand too."""


def bands_of(sweep: Sweep) -> Bands:
    """Return the quantiles over the pictures of a sweep, of every head and of the mean over heads.

    Quantiles between two pictures are interpolated linearly, as `numpy.quantile` does.
    """
    said, settings = sweep.configuration, sweep.configuration["settings"]
    places = ", ".join(PLACES)
    levels = ", ".join(str(level / 100) for level in LEVELS)
    names = ", ".join(f"'{name}'" for name in CATALOGUE)
    table = sweep.query(
        f"WITH numbers AS (SELECT {places}, value FROM read_parquet('{_quoted(sweep)}') WHERE head IS NOT NULL "
        f"UNION ALL SELECT stage, block, NULL, attention, metric, value FROM head_means) "
        f"SELECT {places}, quantile_cont(value, [{levels}]) AS quantiles FROM numbers GROUP BY {places} "
        f"ORDER BY attention, list_position([{names}], metric), stage, block, head NULLS FIRST"
    )
    quantiles = table.pop("quantiles")
    for number, name in enumerate(QUANTILES):
        table[name] = [values[number] for values in quantiles]
    table = table.astype(dict.fromkeys(("stage", "block", "head"), "Int8") | dict.fromkeys(QUANTILES, "float32"))
    swept = Swept(
        weights=said["weights"],
        pictures=said["pictures"],
        every=said.get("every", 1),
        size=settings["size"],
        framing=settings["framing"],
        anchors=settings["anchors"],
    )
    return Bands(said["model"], swept, table)


def named_bands(which: str, model: str | None) -> Bands:
    """Return the bands that a name stands for.

    Args:
        which: "reference" for the one that ships, else the folder of a sweep.
        model: Name of the model in the manifest, None for one of its own weights.

    Raises:
        ValueError: If no reference of the model ships, or a file is damaged.
        FileNotFoundError: If a folder holds no complete sweep.
    """
    if which != REFERENCE_NAME:
        return bands_of(open_sweep(Path(which)))
    found = None if model is None else reference(model)
    if found is None:
        raise ValueError("No reference of this model ships; name the folder of a sweep of your own.")
    return found


def _quoted(sweep: Sweep) -> str:
    return str(sweep.folder / "ledger-*.parquet").replace("'", "''")
