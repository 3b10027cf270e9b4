"""Matrices as charts show them, on screen and on paper."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class MatrixChart:
    """A number for each pair.

    Attributes:
        title: Heading.
        quantity: What the numbers are, with their unit.
        values: The numbers; NaN where there is none.
        rows: Caption of each row, from the top.
        columns: Caption of each column.
        row_title: What the rows are.
        column_title: What the columns are.
        low: Lower end of the colours.
        high: Upper end.
    """

    title: str
    quantity: str
    values: Float[np.ndarray, "rows columns"]
    rows: Sequence[str]
    columns: Sequence[str]
    row_title: str
    column_title: str
    low: float
    high: float
