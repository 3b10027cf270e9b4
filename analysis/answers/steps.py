"""What happens to one token inside a block? One sentence from the token's own numbers."""


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
