"""What if: how much the prediction hangs on which association groups the tokens."""

from collections.abc import Sequence


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
        'With SLIC the prediction moves by 0.12 nats and stays cat. Of 2 changes, 1 keeps the class; Quickshift moves \
it most (0.90 nats).'
        >>> what_if_answer("1 iteration", 0.0, ("cat", "cat"))
        'With 1 iteration nothing changes: this is what the model itself does.'
    """
    before, after = classes
    if divergence < 1e-9:
        said = f"With {chosen} nothing changes: this is what the model itself does."
    else:
        kept = f"stays {after}" if before == after else f"turns from {before} into {after}"
        said = f"With {chosen} the prediction moves by {divergence:.2f} nats and {kept}."
    if not others:
        return said
    same = sum(stayed for _, _, stayed in others)
    title, most, _ = max(others, key=lambda one: one[1])
    keep = "keeps" if same == 1 else "keep"
    return f"{said} Of {len(others)} changes, {same} {keep} the class; {title} moves it most ({most:.2f} nats)."
