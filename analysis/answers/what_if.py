"""What if: how much the prediction hangs on which association groups the tokens."""

from collections.abc import Sequence

from analysis.figures.numbers import significant
from stvit.error_text import counted

IN_SENTENCES = {
    "Regular grid": "the regular grid",
    "Compact watershed": "the compact watershed",
    "Soft k-means": "soft k-means",
    "K-means without position": "k-means without position",
    "Random seeds": "random seeds",
    "Radial pattern": "the radial pattern",
    "Phantoms masked": "phantom masking",
    "Hard assignment": "hard assignment",
    "Other iterations": "other iterations",
}
"""What changes are called inside a sentence, by title; names such as SLIC stay as they are."""


UNMOVED = 1e-9
"""Nats up to which a prediction is the same."""


def in_sentence(title: str) -> str:
    """Return what a change is called inside a sentence.

    Example:
        >>> in_sentence("Regular grid"), in_sentence("SLIC")
        ('the regular grid', 'SLIC')
    """
    return IN_SENTENCES.get(title, title)


def _nats(divergence: float) -> str:
    """Return a divergence with two significant figures, whole numbers from 10 on, with its unit."""
    number = f"{divergence:.0f}" if divergence >= 9.95 else significant(divergence, 2)
    return f"{number} nats"


def what_if_answer(
    chosen: str, divergence: float, classes: tuple[str, str], others: Sequence[tuple[str, float, bool]] = ()
) -> str:
    """Say what the chosen change does, and how it stands among all changes.

    Args:
        chosen: Title of the change.
        divergence: KL divergence of its prediction from the unchanged one, in nats.
        classes: Most probable class before and after.
        others: Title, divergence and whether the class stayed, of every change; none if they were not tried.

    Example:
        >>> what_if_answer("SLIC", 0.121, ("cat", "cat"), [("SLIC", 0.121, True), ("Quickshift", 0.9, False)])
        'With SLIC, the prediction moves by 0.12 nats and stays cat. Of 2 changes, 1 keeps the class; Quickshift \
moves the prediction most (0.90 nats).'
        >>> what_if_answer("1 iteration", 0.0, ("cat", "cat"))
        'With 1 iteration, nothing changes: this is what the model itself does.'
        >>> what_if_answer("SLIC", 0.0, ("cat", "cat"), [("SLIC", 0.0, True), ("Quickshift", 0.0, True)])
        'With SLIC, nothing changes: this is what the model itself does. No other change moves it.'
    """
    before, after = classes
    with_what = in_sentence(chosen)
    if divergence < UNMOVED:
        said = f"With {with_what}, nothing changes: this is what the model itself does."
    else:
        kept = f"stays {after}" if before == after else f"turns from {before} into {after}"
        said = f"With {with_what}, the prediction moves by {_nats(divergence)} and {kept}."
    if not others:
        return said
    same = sum(stayed for _, _, stayed in others)
    title, most, _ = max(others, key=lambda one: one[1])
    if most < UNMOVED:
        return f"{said} No other change moves it."
    return f"{said} {_kept(same, len(others))}; {in_sentence(title)} moves the prediction most ({_nats(most)})."


def _kept(same: int, count: int) -> str:
    """Return how many of all changes keep the class.

    Example:
        >>> _kept(18, 18), _kept(0, 18), _kept(1, 18)
        ('All 18 changes keep the class', 'None of 18 changes keeps the class', 'Of 18 changes, 1 keeps the class')
    """
    if same == count > 1:
        return f"All {count} changes keep the class"
    if not same:
        return f"None of {counted(count, 'change')} keeps the class"
    return f"Of {counted(count, 'change')}, {same} {'keeps' if same == 1 else 'keep'} the class"
