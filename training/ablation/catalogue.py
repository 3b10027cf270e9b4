"""The ablations: what is changed in a trained network, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from analysis.changes import change_named
from analysis.grouping.choices import MAX_ITERATIONS
from analysis.grouping.methods import Method, count_iterations, method_named
from stvit import STViT, STViTConfig
from training.ablation import networks

CELLS = (4, 8, 16)
"""Cells of stage 1; stage 2 has half of them, so that both stages have equally many super tokens."""

GROUPINGS = ("grid", "slic", "felzenszwalb", "random", "radial")
"""Methods that take the place of the learned association."""

UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Ablation:
    """A change of a trained network.

    Attributes:
        name: Its name in files.
        title: What people call it.
        build: Makes the changed network from the trained one, which stays as it is.
        off_training: Whether the weights were trained for something else.
        sparse: Whether a token belongs to one super token, by index, which PyTorch's counter of operations misses.
        method: How the pictures are grouped, where the groups do not come from the network.
    """

    name: str
    title: str
    build: Callable[[STViT], STViT]
    off_training: bool = True
    sparse: bool = False
    method: Method | None = None


def ablations_of(config: STViTConfig) -> list[Ablation]:
    """Return the ablations of a network, first the unchanged one; what it has by itself is no change.

    Raises:
        ValueError: If stages 1 and 2 have no super tokens.

    Example:
        >>> from stvit.variants import get_config
        >>> [ablation.name for ablation in ablations_of(get_config("stvit_demo"))][:4]
        ['unchanged', 'cells_4', 'cells_16', 'iterations_0']
    """
    if set(config.mixers[:2]) != {"super"} or 1 in config.cells[:2]:
        raise ValueError(f"Only networks with super tokens in stages 1 and 2 can be ablated, got cells {config.cells}.")
    return [
        Ablation(UNCHANGED, "Unchanged", networks.unchanged, off_training=False),
        *(_cells(cell) for cell in CELLS if (cell, cell // 2) != config.cells[:2]),
        *(_iterations(count) for count in range(MAX_ITERATIONS + 1) if config.num_iters[:2] != (count, count)),
        Ablation("masked", change_named("masked").title, networks.masked),
        Ablation("hard", change_named("hard").title, networks.hard, sparse=True),
        *(_grouping(method_named(name)) for name in GROUPINGS),
    ]


def _cells(cell: int) -> Ablation:
    title = f"Cells {cell} and {cell // 2}"
    return Ablation(f"cells_{cell}", title, lambda model: networks.with_cells(model, cell, cell // 2))


def _iterations(count: int) -> Ablation:
    title = count_iterations(count)
    return Ablation(
        f"iterations_{count}", title, lambda model: networks.with_iterations(model, count), sparse=count == 0
    )


def _grouping(method: Method) -> Ablation:
    return Ablation(method.name, method.title, networks.grouped, sparse=True, method=method)
