"""Names of blocks and heads for people. Stages, blocks and heads are counted from 0 in code and from 1 here."""

from collections.abc import Sequence


def block_caption(stage: int, block: int) -> str:
    """Return the name of a block in words.

    Example:
        >>> block_caption(0, 1)
        'stage 1, block 2'
    """
    return f"stage {stage + 1}, block {block + 1}"


def block_short(stage: int, block: int) -> str:
    """Return the name of a block, short enough for the labels of an axis.

    Example:
        >>> block_short(0, 1)
        '1.2'
    """
    return f"{stage + 1}.{block + 1}"


def head_caption(head: int | None, heads: int) -> str:
    """Return the name of a head in words; None is the mean over heads.

    Args:
        head: Counted from 0.
        heads: Heads of the block.

    Example:
        >>> head_caption(2, 4), head_caption(None, 4)
        ('head 3 of 4', 'mean over heads')
    """
    return "mean over heads" if head is None else f"head {head + 1} of {heads}"


NOTHING_TO_CHANGE = "This model has no super tokens, so there is no association to change; choose another model."


def no_super_tokens(block: str = "this block", window: int | None = None) -> str:
    """Return the sentence that says why there are no super tokens to show.

    Args:
        block: Caption of the block.
        window: Side of the windows that its tokens attend in, if it has any.

    Example:
        >>> no_super_tokens("stage 3, block 1")
        'Stage 3, block 1 has no super tokens (cell 1): its attention is plain global attention.'
    """
    start = f"{block[:1].upper()}{block[1:]} has no super tokens"
    if window is not None:
        return f"{start}: its tokens attend inside windows of {window} × {window}."
    return f"{start} (cell 1): its attention is plain global attention."


def where_super_tokens(stages: Sequence[int]) -> str:
    """Return the sentence that says where to find super tokens instead.

    Args:
        stages: Those of the model that have some, from 0.

    Example:
        >>> where_super_tokens([0, 1]), where_super_tokens([2])
        ('Choose stage 1 or 2.', 'Choose stage 3.')
        >>> where_super_tokens([])
        'No stage of this model has any; choose another model.'
    """
    if not stages:
        return "No stage of this model has any; choose another model."
    numbers = [str(stage + 1) for stage in stages]
    return f"Choose stage {' or '.join([', '.join(numbers[:-1]), numbers[-1]] if len(numbers) > 1 else numbers)}."


def no_association(block: str) -> str:
    """Return the sentence, without its full stop, that says why the association of a block cannot be changed.

    Args:
        block: Caption of the block.

    Example:
        >>> no_association("stage 3, block 1")
        'Stage 3, block 1 has no super tokens, so its association cannot be changed'
    """
    return f"{block[:1].upper()}{block[1:]} has no super tokens, so its association cannot be changed"
