"""Every change of the association tried on one picture: what each does to the prediction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.changes import CHANGES, Change
from analysis.grouping.label_maps import Image
from analysis.redundancy.parallel import run_all
from analysis.redundancy.watch import Watch
from analysis.variants import Variant
from stvit import BlockId, STViT
from stvit.capturing.shared_model import evaluating
from stvit.capturing.wrapped import underneath
from stvit.error_text import counted
from stvit.foreign_text import plain
from stvit.partial_runs import features_before, logits_from

AS_IT_IS = "As it is"
"""Title of the run without a change."""

TOP = 5
"""Classes whose probabilities are shown: the most probable ones of the unchanged run."""


@dataclass(frozen=True, eq=False)
class Trial:
    """The prediction with a change.

    Attributes:
        name: Of the change; "" for the run without one.
        title: What was changed.
        colour: Of the change.
        probabilities: Of each class.
    """

    name: str
    title: str
    colour: str
    probabilities: Float[np.ndarray, " classes"]


def all_changes() -> list[tuple[str, int | None]]:
    """Return every change by name, once for each value of its parameter."""
    return [(name, parameter) for name, change in CHANGES.items() for parameter in change.parameters or (None,)]


def try_changes(
    model: STViT,
    shown: Image,
    pixels: Float[Tensor, "1 channels height width"],
    chosen: Sequence[tuple[str, int | None]] | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, words: None,
    own: Change | None = None,
    learned: Float[Tensor, "1 classes"] | None = None,
) -> list[Trial]:
    """Run the model as it is and with each change, side by side on all cores.

    What lies before the first block is run once for all, and a change that leaves the model as it is is not run.

    Args:
        model: The model; one without super tokens has nothing to change.
        shown: The picture as the model sees it, RGB bytes.
        pixels: The same, normalised.
        chosen: Names and parameters of changes; all if None.
        progress: Told several times a second how many runs are done, of how many, and in words; what it raises stops
            the rest.
        own: One more change, such as groups from a file.
        learned: Logits of the model as it is, if they are known.
    """
    wanted = [(CHANGES[name], parameter) for name, parameter in (all_changes() if chosen is None else chosen)]
    if own is not None:
        wanted.append((own, None))
    total = len(wanted) + 1
    watch = Watch(total, lambda done, _: progress(done, total, f"Tried {done} of {counted(total, 'association')}"))
    runs = _Runs.of(underneath(model), pixels, learned, watch)
    tasks = [partial(runs.trial, Variant(AS_IT_IS)), *(partial(_changed, runs, shown, *one) for one in wanted)]
    return run_all(tasks, watch)


def _changed(runs: "_Runs", shown: Image, change: Change, parameter: int | None) -> Trial:
    return runs.trial(change.variant(shown, parameter))


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of one picture that differ from the first block on.

    Attributes:
        model: The model.
        pixels: The picture, normalised.
        first: The first block.
        entering: What enters it.
        learned: Logits of the model as it is.
        watch: Asked between layers whether the runs are to go on.
    """

    model: STViT
    pixels: Float[Tensor, "1 channels height width"]
    first: BlockId
    entering: Float[Tensor, "1 block_channels rows columns"]
    learned: Float[Tensor, "1 classes"]
    watch: Watch

    @classmethod
    @torch.no_grad()
    def of(cls, model: STViT, pixels: Tensor, learned: Tensor | None, watch: Watch) -> "_Runs":
        """Run what all have in common."""
        first = next(iter(model.blocks()))
        with evaluating(model):
            entering = features_before(model, pixels, first)
            known = logits_from(model, entering, first, watch.advance) if learned is None else learned
        return cls(model, pixels, first, entering, known, watch)

    def trial(self, variant: Variant) -> Trial:
        """Run the model with a change, unless it changes nothing."""
        known = variant.leaves(self.model)
        logits = self.learned if known else variant.run(self.model, self.pixels, (), self._forward).logits
        self.watch.advance(1)
        probabilities = logits[0].double().softmax(-1).numpy(force=True)
        return Trial(variant.name, variant.title, variant.colour, probabilities)

    def _forward(self, model: STViT, pixels: Tensor) -> Tensor:
        return logits_from(model, self.entering, self.first, self.watch.advance)


def divergence(trials: Sequence[Trial]) -> list[float]:
    """Return KL(unchanged || changed) of each prediction, in nats; the first trial is the unchanged run.

    Example:
        >>> even, sure = np.array([0.5, 0.5]), np.array([0.25, 0.75])
        >>> trials = [Trial("", "", "", values) for values in (even, sure)]
        >>> [round(value, 4) for value in divergence(trials)]
        [0.0, 0.1438]
    """
    before = trials[0].probabilities
    tiny = np.finfo(np.float64).tiny
    logs = [np.log(np.maximum(one.probabilities, tiny)) for one in trials]
    return [float((before * (logs[0] - log)).sum()) for log in logs]


def top_classes(trials: Sequence[Trial]) -> list[int]:
    """Return the most probable classes of the unchanged run, the first one first."""
    order = np.argsort(-trials[0].probabilities, kind="stable")
    return [int(index) for index in order[:TOP]]


def trials_table(trials: Sequence[Trial], names: Sequence[str]) -> pd.DataFrame:
    """Return one line for each trial.

    Args:
        trials: The unchanged run first.
        names: Of the classes.

    Returns:
        Columns: change, divergence (nats), top_class, and the probability of each of `top_classes` by its name.
    """
    shown = top_classes(trials)
    rows = [
        {"change": one.title, "divergence": value, "top_class": names[int(one.probabilities.argmax())]}
        | {names[index]: float(one.probabilities[index]) for index in shown}
        for one, value in zip(trials, divergence(trials), strict=True)
    ]
    return pd.DataFrame(rows)


def class_names_of(model: STViT) -> list[str]:
    """Return the name of each class, "class 3" where names are unknown."""
    names = model.class_names
    return [plain(name) for name in names] if names else [f"class {index}" for index in range(model.config.num_classes)]
