"""Where a number comes from, in words that count from 1, beside the columns that count from 0."""

from functools import cache
from typing import Any

import pandas as pd

from stvit.captions import block_caption


@cache
def where(stage: int, block: int, head: int | None = None) -> str:
    """Return the origin of a number in words, such as "stage 1, block 2, head 3".

    Args:
        stage: Stage, from 0.
        block: Block within the stage, from 0.
        head: Head, from 0; None for a number about the whole block.

    Example:
        >>> where(0, 1, 2)
        'stage 1, block 2, head 3'
    """
    words = block_caption(stage, block)
    return words if head is None else f"{words}, head {head + 1}"


def where_column(table: pd.DataFrame) -> pd.Series:
    """Return `where` for each row of a table with the columns stage, block and, where there are heads, head.

    A row without a block, such as one about the prediction, has none.

    Example:
        >>> where_column(pd.DataFrame({"stage": [0], "block": [1]})).tolist()
        ['stage 1, block 2']
    """
    numbered = table[[name for name in ("stage", "block", "head") if name in table]]
    if numbered.empty:
        return pd.Series([], index=table.index, dtype="str")
    number = numbered.groupby(list(numbered), sort=False, dropna=False).ngroup().to_numpy()
    words = [_words(*each) for each in numbered[~numbered.duplicated()].itertuples(index=False)]  # each only once
    return pd.Series(pd.array(words, dtype="str").take(number), index=table.index)


def _words(stage: Any, block: Any, head: Any = None) -> str | None:
    if pd.isna(block):
        return None
    return where(int(stage), int(block), None if pd.isna(head) else int(head))
