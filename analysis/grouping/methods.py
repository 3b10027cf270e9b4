"""Every way to group a picture, by name: the regular grid, the learned super tokens, superpixels, controls.

Read without importing torch. Pages, commands and figures read the fields of `METHODS`, in its order.

To add a method, write a function from an `analysis.grouping.tasks.Task` to a `Segmentation`, and add an entry here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    from analysis.grouping.segmentation import Segmentation
    from analysis.grouping.tasks import Task

SegmentRule: TypeAlias = "Callable[[Task], Segmentation]"
"""Groups what a task asks to group."""

AssociationRule: TypeAlias = "Callable[[Task], tuple[np.ndarray, np.ndarray]]"
"""Returns the super tokens of each token (-1 outside the grid) and their weights, both (N, k)."""


@dataclass(frozen=True)
class Method:
    """A way to group a picture.

    Attributes:
        name: Its name in commands, addresses and files.
        title: Heading and entry in a legend.
        colour: Of its panels and curves, as #RRGGBB.
        sentence: What it is, for people.
        rule: Groups the picture of a task: a function, or its address as "module:name", which is imported when it
            is first used.
        soft_rule: The same for a soft association of the tokens, where the method has one.
        knows_model: Whether it uses the block, which then must have been captured.
    """

    name: str
    title: str
    colour: str
    sentence: str
    rule: str | Callable[..., Any]
    soft_rule: str | Callable[..., Any] | None = None
    knows_model: bool = False

    @property
    def segment(self) -> SegmentRule:
        """The function that groups."""
        return resolve_name(self.rule) if isinstance(self.rule, str) else self.rule

    @property
    def associate(self) -> "AssociationRule | None":
        """The function that associates softly, if there is one."""
        return resolve_name(self.soft_rule) if isinstance(self.soft_rule, str) else self.soft_rule


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "grid",
            "Regular grid",
            "#7F7F7F",
            "The cells that the sampling starts from.",
            "analysis.grouping.tasks:grid",
        ),
        Method(
            "super",
            "Learned super tokens",
            "#0072B2",
            "Each token goes to its heaviest super token.",
            "analysis.grouping.tasks:learned",
            knows_model=True,
        ),
        Method(
            "super_connected",
            "Super tokens, connected",
            "#88CCEE",
            "The learned ones, of which each keeps its largest piece; the other pieces join their neighbours.",
            "analysis.grouping.tasks:learned_connected",
            knows_model=True,
        ),
        Method(
            "slic",
            "SLIC",
            "#E69F00",
            "K-means on colour and position, each segment in one piece (Achanta et al. 2012).",
            "analysis.grouping.tasks:slic",
        ),
        Method(
            "slico",
            "SLICO",
            "#B35900",
            "SLIC that adapts the weight of position to each segment (Achanta et al. 2012).",
            "analysis.grouping.tasks:slico",
        ),
        Method(
            "felzenszwalb",
            "Felzenszwalb",
            "#F0E442",
            "Merging along a graph of colour differences (Felzenszwalb and Huttenlocher 2004).",
            "analysis.grouping.tasks:felzenszwalb",
        ),
        Method(
            "quickshift",
            "Quickshift",
            "#117733",
            "Each pixel belongs to the nearest denser one (Vedaldi and Soatto 2008).",
            "analysis.grouping.tasks:quickshift",
        ),
        Method(
            "watershed",
            "Compact watershed",
            "#44AA99",
            "The gradient is flooded from a grid of seeds (Neubert and Protzel 2014).",
            "analysis.grouping.tasks:watershed",
        ),
        Method(
            "soft_kmeans",
            "Soft k-means",
            "#882255",
            "Differentiable SLIC over 3 x 3 cells (Jampani et al. 2018).",
            "analysis.grouping.tasks:soft_kmeans",
            "analysis.grouping.tasks:soft_kmeans_weights",
        ),
        Method(
            "colour_kmeans",
            "K-means without position",
            "#661100",
            "K-means on Lab colour alone, wherever the pixels are (Lloyd 1982).",
            "analysis.grouping.tasks:colour_kmeans",
        ),
        Method(
            "random",
            "Random seeds",
            "#332288",
            "Control: the nearest of as many random points; the picture plays no part.",
            "analysis.grouping.tasks:random_seeds",
        ),
        Method(
            "radial",
            "Radial pattern",
            "#AA4499",
            "Control: rings cut into sectors; the picture plays no part.",
            "analysis.grouping.tasks:radial",
        ),
    )
}
"""All methods by name."""


def method_named(name: str) -> Method:
    """Return a method.

    Raises:
        ValueError: If there is none of this name; the message lists the known ones.

    Example:
        >>> method_named("slic").title
        'SLIC'
    """
    if name not in METHODS:
        raise ValueError(f"There is no grouping method {name!r}; known are {', '.join(METHODS)}.")
    return METHODS[name]


def chosen_methods(names: Iterable[str]) -> list[Method]:
    """Return methods in the order of the registry.

    Raises:
        ValueError: If a name is unknown; the message lists the known ones.

    Example:
        >>> [method.name for method in chosen_methods(["grid", "slic"])]
        ['grid', 'slic']
    """
    wanted = {method_named(name).name for name in names}
    return [method for name, method in METHODS.items() if name in wanted]


def count_iterations(count: int) -> str:
    """Return a number of iterations in words.

    Example:
        >>> count_iterations(1), count_iterations(2)
        ('1 iteration', '2 iterations')
    """
    return f"{count} iteration{'' if count == 1 else 's'}"
