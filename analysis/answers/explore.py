"""Where does a token look, through super tokens and without them? One sentence from the rows of the pinned token."""

import math
from collections.abc import Mapping


def explore_answer(
    name: str,
    own: Mapping[str, float],
    other: Mapping[str, float] | None,
    tokens: int,
    whence: str = "the pinned token",
) -> str:
    """Say how far and how evenly the pinned token or region looks.

    Args:
        name: What the block's own attention is called.
        own: "distance" in px and "entropy" in nats of its row of that attention, from `measure_region`.
        other: The same of global attention; None where that is the block's own.
        tokens: Number of tokens N; no entropy is larger than log N.
        whence: What is pinned.

    Example:
        >>> own, other = {"distance": 98.2, "entropy": 7.52}, {"distance": 84.0, "entropy": 7.1}
        >>> explore_answer("super token attention", own, other, 3136)
        'From the pinned token, super token attention reaches 98 px on average (global: 84 px); its entropy is 7.52 \
(global: 7.10) of at most 8.05 nats.'
        >>> explore_answer("global attention", own, None, 3136)
        'From the pinned token, global attention reaches 98 px on average; its entropy is 7.52 of at most 8.05 nats.'
    """
    distance, entropy = ("", "") if other is None else _beside(other)
    return (
        f"From {whence}, {name} reaches {own['distance']:,.0f} px on average{distance}; its entropy is "
        f"{own['entropy']:.2f}{entropy} of at most {math.log(tokens):.2f} nats."
    )


def _beside(other: Mapping[str, float]) -> tuple[str, str]:
    return f" (global: {other['distance']:,.0f} px)", f" (global: {other['entropy']:.2f})"
