"""What happens to one token inside a block? Two sentences from the token's own numbers."""

from collections.abc import Sequence

from analysis.figures.numbers import percent


def steps_answer(heaviest: int, weight: float, lost: float, looks_at: int, share: float) -> str:
    """Say where a token belongs and where it looks.

    Args:
        heaviest: Super token that it belongs to most.
        weight: How much, of 1.
        lost: What phantoms took of its association.
        looks_at: Super token that most of its attention goes to.
        share: How much of it.

    Example:
        >>> steps_answer(15, 0.309, 0.0, 30, 0.12)
        'It belongs most to super token 15 (0.309 of 1) and, through A(S), attends most to super token 30 (0.120).'
        >>> steps_answer(0, 0.4, 0.25, 3, 0.2)
        'It belongs most to super token 0 (0.400 of 1; phantoms took 0.250) and, through A(S), attends most to super \
token 3 (0.200).'
    """
    phantoms = f"; phantoms took {lost:.3f}" if lost else ""
    return (
        f"It belongs most to super token {heaviest} ({weight:.3f} of 1{phantoms}) and, through A(S), attends most to "
        f"super token {looks_at} ({share:.3f})."
    )


def output_answer(shares: Sequence[float], added: float, residual: float) -> str:
    """Say which head contributes most to what attention adds to a token, and how much that is.

    Args:
        shares: Part of the output that each head contributes.
        added: Norm of what is added.
        residual: Norm of what it is added to.

    Example:
        >>> output_answer([0.1, 0.7], 1.2, 4.0)
        'Attention adds 30 % of its norm to it; head 2 contributes most to that (70 %).'
        >>> output_answer([0.9], 0.0, 0.0)
        'Attention adds nothing to it.'
    """
    if not added:
        return "Attention adds nothing to it."
    best = max(range(len(shares)), key=shares.__getitem__)
    much = f"{percent(added / residual, 0)} of its norm" if residual else f"a norm of {added:.3g}"
    return f"Attention adds {much} to it; head {best + 1} contributes most to that ({percent(shares[best], 0)})."
