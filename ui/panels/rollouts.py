"""What the page Rollout computes: from which start, weighed by what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.figures.canvas import Anchor
from analysis.relevance.choices import ATTENTION, PREDICTED
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import Rollout, rollout
from analysis.relevance.weighings import Weighing, gradients_of, weighings
from stvit import BlockId, BlockRecord
from ui.ahead import Task, step
from ui.panels.work import PATIENCE, worked
from ui.view.view import BY_KEY, ModelHandle, View

SECONDS_PER_PIXEL = 5e-6
"""About how long following the gradient of a class takes on one core."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What is rolled out.

    Attributes:
        source: Block to start from.
        anchor: Token to start from; None for the mean of all.
        words: What weighs it, as commands say it.
        minus_mean: Whether the rollout from the mean token is taken away.
        convolutions: Whether the convolutions inside blocks count.
    """

    source: BlockRecord
    anchor: Anchor | None
    words: tuple[str, ...]
    minus_mean: bool
    convolutions: bool

    @property
    def token(self) -> int | None:
        """The token's number."""
        return None if self.anchor is None else self.source.grid.token(self.anchor.row, self.anchor.column)

    @property
    def where(self) -> str:
        """The start in words."""
        if self.anchor is None:
            return "the prediction"
        return f"token ({self.anchor.row}, {self.anchor.column}) of {self.source.id.caption}"


def rollouts(view: View, shown: Shown, chosen: Sequence[Weighing]) -> dict[Weighing, Rollout]:
    """Return the rollouts that are shown; those that take long are asked for, with attention alone meanwhile."""
    found = {}
    for weighing in chosen:
        rolled = _patiently(view, shown, weighing)
        if rolled is not None:
            found[weighing] = rolled
    return found or {_alone(view): rollout_alone(view, shown)}


def rollout_alone(view: View, shown: Shown) -> Rollout:
    """Return the rollout by attention alone."""
    return _rollout(view, shown.source.id, shown.token, _alone(view), shown.convolutions)


def _patiently(view: View, shown: Shown, weighing: Weighing) -> Rollout | None:
    arguments = (view, shown.source.id, shown.token, weighing, shown.convolutions)
    seconds = SECONDS_PER_PIXEL * view.picture.pixels[0, 0].numel()
    if weighing.target is None or seconds <= PATIENCE:
        return _rollout(*arguments)
    key = ("rollout", view.key, *arguments[1:3], weighing.target, shown.convolutions)
    label = f"Weigh by {weighing.title}"
    return worked(f"rollout_{weighing.target}", key, label, seconds, lambda _: _rollout(*arguments), _nbytes)


def _nbytes(found: Rollout) -> int:
    return sum(each.nbytes for each in (found.pixels, *found.maps.values()))


def _alone(view: View) -> Weighing:
    (alone,) = weighings(view.handle.model, view.capture.logits[0], [ATTENTION])
    return alone


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=BY_KEY)
def _footprints(handle: ModelHandle) -> Footprints:
    return Footprints.of(handle.model)


@st.cache_resource(max_entries=32, show_spinner="Rolling the attention out ...", hash_funcs=BY_KEY)
def _rollout(view: View, source: BlockId, token: int | None, weighing: Weighing, convolutions: bool) -> Rollout:
    footprints = _footprints(view.handle)
    weights = gradients_of(view.handle.model, view.picture.pixels, weighing)
    used = footprints if convolutions else footprints.without_depthwise()
    return rollout(view.all_blocks, used, source, token, weights=weights)


def means_of(view: View, shown: Shown, found: Mapping[Weighing, Rollout]) -> dict[Weighing, Rollout]:
    """Return the rollouts from the mean token that are taken away, if that is chosen."""
    if not shown.minus_mean:
        return {}
    return {each: _rollout(view, shown.source.id, None, each, shown.convolutions) for each in found}


def roll_out_ahead(view: View) -> list[Task]:
    """Return what is rolled out for the page as it opens first: the prediction, weighed by its class and by none."""
    last = list(view.capture)[-1]
    chosen = weighings(view.handle.model, view.capture.logits[0], [PREDICTED, ATTENTION])
    return [step(_rollout, view, last, None, one, True) for one in chosen]
