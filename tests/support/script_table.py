"""The table of docs/figure-script.md: how each difference of the released figure script tells, on a real picture."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd

from analysis.one_token.figure_script import DIFFERENCES, script_effects, script_row, wrapped_neighbours
from stvit import BlockId, BlockRecord, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images

BLOCKS = (BlockId(0, 0), BlockId(1, 0))
STEP = 25
"""Every 25th token is looked at; no grid of 56 or 28 columns repeats with it."""


@cache
def records() -> dict[BlockId, BlockRecord]:
    """Return the blocks of the demo for the sample that the page shows."""
    found = capture(load_pretrained("demo"), prepare(sample_images()["china"](), 224).pixels, blocks=list(BLOCKS))
    return {block: found[block] for block in BLOCKS}


def tokens_of(record: BlockRecord) -> range:
    """Return the tokens that are looked at."""
    return range(0, record.grid.num_tokens, STEP)


@cache
def effects(block: BlockId) -> pd.DataFrame:
    """Return the mean effect of each difference, by its name."""
    record = records()[block]
    tables = [script_effects(record, token) for token in tokens_of(record)]
    return pd.concat(tables).groupby("difference", sort=False)[["correlation", "brightest"]].mean()


def rows() -> Iterator[str]:
    """Yield the lines of the table, one for each difference and one for all."""
    for name in (*DIFFERENCES, "all"):
        found = [effects(block).loc[name] for block in BLOCKS]
        numbers = " | ".join(f"{one['correlation']:.2f} | {100 * one['brightest']:.0f} %" for one in found)
        yield f"| {DIFFERENCES.get(name, 'All four: the script')} | {numbers} |"


def at_the_border(block: BlockId) -> tuple[float, float]:
    """Return the mean effect of wrapping alone on tokens of the outer columns of super tokens."""
    record = records()[block]
    wraps = (wrapped_neighbours(record.grid) != record.grid.neighbour_index).any(1)
    tables = [script_effects(record, token) for token in tokens_of(record) if wraps[token]]
    found = pd.concat(tables).query("difference == 'wrapped'")
    return found["correlation"].mean(), found["brightest"].mean()


def largest_values(block: BlockId) -> tuple[float, float]:
    """Return what the script makes equal: the smallest and the largest of the pictures' largest values."""
    record = records()[block]
    unscaled = [name for name in DIFFERENCES if name != "scaled"]
    found = np.array([script_row(record, token, None, unscaled).max().item() for token in tokens_of(record)])
    return found.min(), found.max()
