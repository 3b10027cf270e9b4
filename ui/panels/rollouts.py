"""What the page Rollout computes: from which start, weighed by what."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st
from torch import Tensor

from analysis.figures.canvas import Anchor
from analysis.relevance.choices import ATTENTION, PREDICTED
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import Rollout, rollout
from analysis.relevance.weighings import Weighing, gradients_of, weighings
from stvit import BlockId, BlockRecord
from ui.ahead import Task, step
from ui.panels.running import seconds_by_macs, telling, watched
from ui.panels.work import PATIENCE, Progress, worked
from ui.view.store import STORE, this_session
from ui.view.view import BY_KEY, ModelHandle, View

SECONDS_PER_PIXEL = 5e-6
"""About how long following the gradient of a class takes on one core, the attention aside."""

ROLLING = "Rolling the attention out"

MAC_SECONDS, MAC_SECONDS_WEIGHED = 2e-10, 7e-10
"""About how long a thread rolls out one MAC of the formulas of attention, alone and weighed by a class."""


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
    found = _several(view, shown, chosen)
    return found or _several(view, shown, [_alone(view)])


def rollout_alone(view: View, shown: Shown) -> Rollout | None:
    """Return the rollout by attention alone; None if that takes long and nobody has asked for it."""
    arguments = (view, shown.source.id, shown.token, _alone(view), shown.convolutions)
    if _seconds(view, _alone(view)) <= PATIENCE:
        return _rollout(*arguments)
    found: Rollout | None = STORE.find(_key(*arguments), this_session())
    return found


def _several(view: View, shown: Shown, chosen: Sequence[Weighing]) -> dict[Weighing, Rollout]:
    rolled = {weighing: _patiently(view, shown, weighing) for weighing in chosen}
    return {weighing: each for weighing, each in rolled.items() if each is not None}


def _patiently(view: View, shown: Shown, weighing: Weighing) -> Rollout | None:
    arguments = (view, shown.source.id, shown.token, weighing, shown.convolutions)
    seconds = _seconds(view, weighing)
    if seconds <= PATIENCE:
        return _rollout(*arguments)

    def work(progress: Progress) -> Rollout:
        roll_out = _rolling(*arguments)
        with telling(view, progress, ROLLING, _queries(view)):
            return roll_out()

    label = "Roll the attention out" if weighing.target is None else f"Weigh by {weighing.title}"
    return worked(f"rollout_{weighing.target}", _key(*arguments), label, seconds, work, _nbytes)


def _seconds(view: View, weighing: Weighing) -> float:
    if weighing.target is None:
        return seconds_by_macs(view, MAC_SECONDS)
    return max(SECONDS_PER_PIXEL * view.picture.pixels[0, 0].numel(), seconds_by_macs(view, MAC_SECONDS_WEIGHED))


def _nbytes(found: Rollout) -> int:
    return sum(each.nbytes for each in (found.pixels, *found.maps.values()))


def _alone(view: View) -> Weighing:
    (alone,) = weighings(view.handle.model, view.capture.logits[0], [ATTENTION])
    return alone


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=BY_KEY)
def _footprints(handle: ModelHandle) -> Footprints:
    return Footprints.of(handle.model)


def _rollout(view: View, source: BlockId, token: int | None, weighing: Weighing, convolutions: bool) -> Rollout:
    """Return a rollout for the page, watched."""
    arguments = (view, source, token, weighing, convolutions)
    return watched(view, _key(*arguments), ROLLING, "rollout", _queries(view), _getting(*arguments))


def _queries(view: View) -> dict[BlockId, list[Tensor]]:
    """Return what tells the blocks from each other on the way back from the deepest one."""
    return {record.id: [record.super_query] for record in reversed(list(view.capture.values()))}


def _roll_out(*arguments: Any) -> Rollout:
    return _getting(*arguments)()


def _getting(*arguments: Any) -> Callable[[], Rollout]:
    """Return what gets a rollout from the store, or makes it."""
    return partial(STORE.get, _key(*arguments), _rolling(*arguments), _nbytes, this_session())


def _key(view: View, source: BlockId, token: int | None, weighing: Weighing, convolutions: bool) -> Hashable:
    return "rollout", view.key, source, token, weighing.target, convolutions


def _rolling(
    view: View, source: BlockId, token: int | None, weighing: Weighing, convolutions: bool
) -> Callable[[], Rollout]:
    """Return what rolls out; it asks the store for nothing, which would look at the tensors of all blocks."""
    cap, pixels, footprints = view.all_blocks, view.picture.pixels, _footprints(view.handle)

    def roll() -> Rollout:
        weights = gradients_of(view.handle.model, pixels, weighing)
        used = footprints if convolutions else footprints.without_depthwise()
        return rollout(cap, used, source, token, weights=weights)

    return roll


def means_of(view: View, shown: Shown, found: Mapping[Weighing, Rollout]) -> dict[Weighing, Rollout]:
    """Return the rollouts from the mean token that are taken away, if that is chosen."""
    if not shown.minus_mean:
        return {}
    return {each: _rollout(view, shown.source.id, None, each, shown.convolutions) for each in found}


def roll_out_ahead(view: View) -> list[Task]:
    """Return what is rolled out for the page as it opens first: the prediction, weighed by its class and by none."""
    last = list(view.capture)[-1]
    chosen = weighings(view.handle.model, view.capture.logits[0], [PREDICTED, ATTENTION])
    return [step(_roll_out, view, last, None, one, True) for one in chosen]
