"""Mean and spread over any number of pictures, one table at a time."""

import numpy as np
import pandas as pd

from analysis.redundancy.where import where_column

KEYS = ["stage", "block", "head", "attention", "metric", "unit"]
COLUMNS = (*KEYS, "pictures", "mean", "standard_deviation", "where")

_NO_HEAD = -1


class Summary:
    """Running means over the pictures of a ledger, in one pass (Welford, 1962); memory is that of one picture."""

    def __init__(self) -> None:
        self._total = pd.DataFrame(
            {"pictures": [], "mean": [], "squares": []}, index=_index(pd.DataFrame(columns=KEYS))
        )

    def add(self, table: pd.DataFrame) -> None:
        """Add the ledger of one picture; numbers that it lacks are not counted."""
        values = pd.Series(table["value"].to_numpy(np.float64), index=_index(table))
        total = self._total.reindex(self._total.index.union(values.index, sort=False), fill_value=0.0)
        known = total.loc[values.index]
        pictures = known["pictures"] + 1
        step = values - known["mean"]
        mean = known["mean"] + step / pictures
        squares = known["squares"] + step * (values - mean)
        total.loc[values.index] = np.stack([pictures, mean, squares], axis=1)
        self._total = total

    def table(self) -> pd.DataFrame:
        """Return a line for each number of the ledger.

        Returns:
            Columns stage, block, head (whole numbers from 0; head is missing in rows about the block itself),
            attention, metric, unit, pictures (that have this number), mean, standard_deviation (over pictures, with
            n - 1; missing for a single one), where (stage, block and head in words that count from 1).
        """
        table = self._total.reset_index()
        head = table["head"].astype("Int64")
        pictures = table["pictures"].to_numpy()
        spread = np.sqrt(table["squares"] / np.where(pictures > 1, pictures - 1, np.nan))
        table = table.assign(head=head.mask(head == _NO_HEAD), standard_deviation=spread)
        table["where"] = where_column(table)
        return table.astype({"stage": int, "block": int, "pictures": int})[list(COLUMNS)]


def _index(table: pd.DataFrame) -> pd.MultiIndex:
    """Return the keys of a table's rows; a missing head, which equals nothing, becomes a number."""
    return pd.MultiIndex.from_frame(table[KEYS].assign(head=table["head"].fillna(_NO_HEAD).astype(int)))
