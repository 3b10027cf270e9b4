"""The maps around one anchor as numbers: CSV for spreadsheets, NPZ for NumPy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.one_token.anchor import AnchorMap


def table_of(maps: Sequence[AnchorMap]) -> pd.DataFrame:
    """Return one line for each token: row, column, and a column for each map."""
    rows, columns = np.indices(maps[0].values.shape)
    values = {found.name: found.values.ravel() for found in maps}
    return pd.DataFrame({"row": rows.ravel(), "column": columns.ravel(), **values})


def arrays_of(maps: Sequence[AnchorMap]) -> dict[str, Any]:
    """Return each map by name, shape (H, W)."""
    return {found.name: found.values for found in maps}
