"""The maps around one anchor as numbers: CSV for spreadsheets, NPZ for NumPy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.one_token.anchor import AnchorMap


def name_of(found: AnchorMap) -> str:
    """Return the name of a map in files, such as super_token_attention_outgoing."""
    words = "".join(letter if letter.isalnum() else " " for letter in found.title.lower())
    return "_".join(words.split())


def table_of(maps: Sequence[AnchorMap]) -> pd.DataFrame:
    """Return one line for each token: row, column, and a column for each map."""
    rows, columns = np.indices(maps[0].values.shape)
    values = {name_of(found): found.values.ravel() for found in maps}
    return pd.DataFrame({"row": rows.ravel(), "column": columns.ravel(), **values})


def arrays_of(maps: Sequence[AnchorMap]) -> dict[str, Any]:
    """Return each map by name, shape (H, W)."""
    return {name_of(found): found.values for found in maps}


def write_numbers(path: Path, maps: Sequence[AnchorMap]) -> None:
    """Write the maps as .csv or .npz, as the ending of the path says."""
    if path.suffix.lower() == ".csv":
        table_of(maps).to_csv(path, index=False)
    else:
        np.savez_compressed(path, **arrays_of(maps))
