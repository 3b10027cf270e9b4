"""Where a number comes from, in words that count from 1, beside the columns that count from 0."""

import pandas as pd

from stvit.captions import block_caption


def where(stage: int, block: int, head: int | None = None) -> str:
    """Return the place of a number in words, such as "stage 1, block 2, head 3".

    Args:
        stage: Stage, from 0.
        block: Block within the stage, from 0.
        head: Head, from 0; None for a number about the whole block.

    Example:
        >>> where(0, 1, 2)
        'stage 1, block 2, head 3'
    """
    place = block_caption(stage, block)
    return place if head is None else f"{place}, head {head + 1}"


def where_column(table: pd.DataFrame) -> pd.Series:
    """Return `where` for each row of a table with the columns stage, block and, where there are heads, head.

    A row without a block, such as one about the prediction, has no place.

    Example:
        >>> where_column(pd.DataFrame({"stage": [0], "block": [1]})).tolist()
        ['stage 1, block 2']
    """
    heads = table["head"] if "head" in table else [None] * len(table)
    places = zip(table["stage"], table["block"], heads, strict=True)
    words = [
        None if pd.isna(block) else where(int(stage), int(block), None if pd.isna(head) else int(head))
        for stage, block, head in places
    ]
    return pd.Series(words, index=table.index, dtype="str")
