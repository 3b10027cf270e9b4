"""How alike blocks and heads are, as matrices and as files."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.attention.kinds import KINDS, attention_rules
from analysis.figures.matrix_values import MatrixChart
from analysis.figures.paper.matrix import matrices_figure
from analysis.redundancy.cka import LEAST_TOKENS, cka_matrix
from analysis.redundancy.head_pairs import head_pairs
from analysis.reports.report import Report, Subject
from stvit import BlockId
from stvit.capturing.attention_record import AttentionRecord

Records = Mapping[BlockId, AttentionRecord]

PAIRS = {"cosine": "Cosine of rows", "divergence": "Jensen-Shannon divergence"}
"""What can be shown of two heads."""


def cka_chart(records: Records, others: Records | None = None, titles: Sequence[str] = ("", "")) -> MatrixChart:
    """Return the CKA between all blocks, or between the blocks of two models, as a matrix.

    Args:
        records: Rows.
        others: Columns; None takes the rows.
        titles: What to call the two models, where there are two.
    """
    values = cka_matrix(records, others)
    rows, columns = ([block.short for block in each] for each in (records, records if others is None else others))
    what = [f"stage.block of {title}" if title else "stage.block" for title in titles]
    note = f"CKA of tokens (blocks of fewer than {LEAST_TOKENS} tokens are left out)"
    return MatrixChart(note, "linear CKA", values, rows, columns, what[0], what[1], 0.0, 1.0)


def pairs_chart(record: AttentionRecord, kind: str, of: str = "cosine") -> MatrixChart:
    """Return how alike the heads of a block are, pair by pair, as a matrix.

    Args:
        record: The block.
        kind: Of attention, a name of `analysis.attention.kinds.KINDS`.
        of: A name of `PAIRS`.
    """
    divergence, cosine = head_pairs(attention_rules([kind])[kind](record), record.grid)
    values: Float[np.ndarray, "heads heads"] = cosine if of == "cosine" else divergence
    heads = [str(number + 1) for number in range(record.heads)]
    title = f"Heads of {record.id.caption}, {KINDS[kind].title.lower()}"
    unit = PAIRS[of] if of == "cosine" else f"{PAIRS[of]} (nats)"
    return MatrixChart(
        title, unit, values, heads, heads, "head", "head", 0.0, 1.0 if of == "cosine" else float(np.log(2))
    )


def similarity_report(subject: Subject, charts: Sequence[MatrixChart]) -> Report:
    """Return matrices as files."""
    caption = subject.caption("linear CKA, unbiased, over the same places", "rows are queries, means over tokens")

    def arrays() -> dict[str, np.ndarray]:
        return {f"matrix_{number}": chart.values for number, chart in enumerate(charts, start=1)}

    return Report(partial(matrices_figure, charts, caption), partial(_table, charts), arrays)


def _table(charts: Sequence[MatrixChart]) -> pd.DataFrame:
    """Return one line for each pair that has a number: quantity, row, column, value."""
    rows = [
        (chart.quantity, row, column, float(chart.values[i, j]))
        for chart in charts
        for i, row in enumerate(chart.rows)
        for j, column in enumerate(chart.columns)
        if np.isfinite(chart.values[i, j])
    ]
    return pd.DataFrame(rows, columns=["quantity", "row", "column", "value"])
