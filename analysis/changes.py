"""What can be put in place of the learned association, by name ("what if").

Read without importing torch. Pages, commands and figures read the fields of `CHANGES`, in its order. Every grouping
method that does not use the model is a change too, so a new method can be tried here without any further code.

To add another change, write a function from (name, title, picture, parameter) to an `analysis.variants.Variant`, and
add an entry here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from analysis.grouping.choices import MAX_ITERATIONS
from analysis.grouping.methods import METHODS

if TYPE_CHECKING:
    import numpy as np

    from analysis.variants import Variant

CHANGED_COLOUR = "#999933"
"""Of what is changed by no grouping method."""


@dataclass(frozen=True)
class Change:
    """A change of the association.

    Attributes:
        name: Its name in commands, addresses and files.
        title: Heading.
        colour: Of its panels and bars, as #RRGGBB.
        sentence: What it is, for people.
        rule: Makes the variant to run from this change's name and title, the picture as the model sees it, and the
            parameter that was chosen: a function, or its address as "module:name", which is imported when it is
            first used.
        parameters: What can be chosen, such as numbers of iterations; none for most changes.
    """

    name: str
    title: str
    colour: str
    sentence: str
    rule: str | Callable[..., Any]
    parameters: Sequence[int] = ()

    def variant(self, shown: "np.ndarray", parameter: int | None = None) -> "Variant":
        """Return the change, ready to run on a picture.

        Args:
            shown: The picture as the model sees it, RGB bytes.
            parameter: One of `parameters`; None where there are none.

        Raises:
            ValueError: If the change has no such parameter, or needs one.
        """
        if parameter not in (self.parameters or (None,)):
            takes = f"{self.parameters[0]} to {self.parameters[-1]}" if self.parameters else "no number"
            raise ValueError(f"{self.title} takes {takes}, got {'none' if parameter is None else parameter}.")
        rule = resolve_name(self.rule) if isinstance(self.rule, str) else self.rule
        return replace(rule(self.name, self.title, shown, parameter), name=self.name, colour=self.colour)


CHANGES: dict[str, Change] = {
    change.name: change
    for change in (
        *(
            Change(method.name, method.title, method.colour, method.sentence, "analysis.variants:by_method")
            for method in METHODS.values()
            if not method.knows_model
        ),
        Change(
            "masked",
            "Phantoms masked",
            CHANGED_COLOUR,
            "Neighbours outside the grid get no mass.",
            "analysis.variants:by_name",
        ),
        Change(
            "hard",
            "Hard assignment",
            CHANGED_COLOUR,
            "All mass on the heaviest super token.",
            "analysis.variants:by_name",
        ),
        Change(
            "iterations",
            "Other iterations",
            CHANGED_COLOUR,
            "Another number of iterations of the sampling; 0 is the regular grid, the released models use 1.",
            "analysis.variants:by_iterations",
            range(MAX_ITERATIONS + 1),
        ),
    )
}
"""All changes by name."""


def change_named(name: str) -> Change:
    """Return a change.

    Raises:
        ValueError: If there is none of this name; the message lists the known ones.

    Example:
        >>> change_named("hard").title
        'Hard assignment'
    """
    if name not in CHANGES:
        raise ValueError(f"There is no change {name!r} of the association; known are {', '.join(CHANGES)}.")
    return CHANGES[name]
