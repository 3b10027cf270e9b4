"""What do super tokens save? One sentence from counted operations."""


def cost_answer(stage: int, size: int, through: float, whole: float) -> str:
    """Say what one block's attention costs with super tokens and without.

    Args:
        stage: Counted from 0.
        size: Side of the picture in px.
        through: Operations with super tokens, in MAC.
        whole: Operations of global attention, in MAC.

    Example:
        >>> cost_answer(0, 224, 32e6, 1024e6)
        'At 224 px, the attention of one block of stage 1 costs 32.0 million MAC with super tokens and 1,024.0 million \
without: 32.0 times less.'
        >>> cost_answer(1, 64, 3e6, 1.5e6)
        'At 64 px, the attention of one block of stage 2 costs 3.0 million MAC with super tokens and 1.5 million \
without: 2.0 times more.'
    """
    ratio = f"{whole / through:.1f} times less" if whole >= through else f"{through / whole:.1f} times more"
    return (
        f"At {size} px, the attention of one block of stage {stage + 1} costs {through / 1e6:,.1f} million MAC with "
        f"super tokens and {whole / 1e6:,.1f} million without: {ratio}."
    )
