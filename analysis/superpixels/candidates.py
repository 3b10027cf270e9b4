"""All groupings of one picture to be scored, at the resolution of the original picture."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Integer

from analysis.attention.own import has_super_tokens
from analysis.grouping.choices import Resolution
from analysis.grouping.feature_scores import token_cosines
from analysis.grouping.label_maps import Image, Labels, upsample_labels
from analysis.grouping.methods import Method
from analysis.grouping.segmentation import check_count
from analysis.grouping.tasks import Task, task_of
from stvit import BlockRecord, STViT, TokenGrid, capture
from stvit.images import prepare
from stvit.precision import at_least_single

Association = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Place:
    """What identifies a grouping, matching the columns of the table; stage and block count from 0."""

    at: str
    method: str
    resolution: str
    stage: int | None = None
    block: int | None = None


@dataclass(frozen=True, eq=False)
class Candidate:
    """A grouping to score.

    Attributes:
        place: What identifies it.
        requested: Segments that were asked for.
        labels: At the resolution of the picture, shape (height, width).
        association: Index and weight for each token, shape (rows, columns, k), if the method has a soft association.
        cosines: Cosines of the block's tokens, if the grouping belongs to a block.
    """

    place: Place
    requested: int
    labels: Labels
    association: Association | None = None
    cosines: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Which groupings to make.

    Attributes:
        methods: Grouping methods.
        sizes: Short sides in px at which the model sees the picture; each gives the counts of its grids.
        counts: Numbers of segments for methods that see pixels; if empty, as many as the first grid of each size has.
        resolutions: The resolutions at which methods that do not use the model see the picture.
    """

    methods: Sequence[Method]
    sizes: Sequence[int]
    counts: Sequence[int]
    resolutions: Sequence[Resolution]

    @property
    def needs_model(self) -> bool:
        """Whether the model is needed: for its super tokens, its tokens, or its counts."""
        learned = any(method.knows_model for method in self.methods)
        return learned or "token" in self.resolutions or not self.counts

    @property
    def steps(self) -> int:
        """How many times `candidates` reports progress."""
        return len(self.sizes) + len(self.counts)


def candidates(
    model: STViT, image: Image, plan: Plan, step: Callable[[], None] = lambda: None, *, cosines: bool = True
) -> Iterator[Candidate]:
    """Yield the groupings of a picture.

    Args:
        model: Whose super tokens.
        image: The picture, RGB bytes.
        plan: Which groupings.
        step: Called after each size and each count.
        cosines: Whether to compare the tokens' features.

    Raises:
        ValueError: If the model has no super tokens, or the picture is smaller than a token grid.
    """
    for size in plan.sizes if plan.needs_model else ():
        yield from _at_size(model, image, plan, size, cosines=cosines)
        step()
    height, width = image.shape[:2]
    for count in plan.counts if "pixel" in plan.resolutions else ():
        yield from _on_pixels(image, plan, f"{count} segments", nearest_grid(height, width, count), count)
        step()


def nearest_grid(height: int, width: int, count: int) -> TokenGrid:
    """Return a roughly square grid of about as many cells as wanted, each of one token.

    Raises:
        ValueError: If the picture does not have that many pixels.
    """
    check_count(height, width, count)
    rows = min(height, max(1, round(math.sqrt(count * height / width))))
    return TokenGrid(rows, min(width, max(1, round(count / rows))), 1)


def _at_size(model: STViT, image: Image, plan: Plan, size: int, *, cosines: bool) -> Iterator[Candidate]:
    picture, at = prepare(image, size, mode="whole"), f"{size} px"
    records = [record for record in capture(model, picture.pixels).values() if has_super_tokens(record)]
    if not records:
        raise ValueError("This model has no super tokens, so there is nothing to compare; use another model.")
    firsts = {record.id.stage: record for record in reversed(records)}
    for stage, record in sorted(firsts.items()) if "token" in plan.resolutions else ():
        for method in plan.methods:
            if not method.knows_model:
                yield _on_tokens(
                    method, task_of(picture.shown, record.grid), Place(at, method.name, "token", stage), image
                )
    for record in records:
        yield from _of_block(record, image, plan, at, cosines=cosines)
    if "pixel" in plan.resolutions and not plan.counts:
        grid = records[0].grid  # stages of released models have equally many super tokens
        yield from _on_pixels(image, plan, at, TokenGrid(grid.rows, grid.columns, 1), None)


def _on_tokens(method: Method, task: Task, place: Place, image: Image) -> Candidate:
    labels, association = method.segment(task).labels, None
    if method.associate is not None:
        index, weight = method.associate(task)
        association = index.reshape(*task.size, -1), weight.reshape(*task.size, -1)
    return Candidate(place, task.count, _enlarged(labels, image), association)


def _of_block(record: BlockRecord, image: Image, plan: Plan, at: str, *, cosines: bool) -> Iterator[Candidate]:
    grid, shape = record.grid, (record.grid.height, record.grid.width, -1)
    index, weight = (
        part[0].numpy(force=True).reshape(shape) for part in (record.association.index, record.association.weight)
    )
    features = at_least_single(record.tokens[0]).flatten(1).T.numpy(force=True)
    cells = grid.cell_index.numpy(force=True)
    for method in plan.methods:
        if not method.knows_model:
            continue
        labels = method.segment(Task(image, grid, record)).labels
        found = {}
        if cosines:
            found = token_cosines(features, labels.ravel()).summary()
            found["cosine_grid"] = float(token_cosines(features, cells).own.mean())
        soft = (index, weight) if method.name == "super" else None
        place = Place(at, method.name, "token", record.id.stage, record.id.block)
        yield Candidate(place, grid.num_super_tokens, _enlarged(labels, image), soft, found)


def _on_pixels(image: Image, plan: Plan, at: str, grid: TokenGrid, wanted: int | None) -> Iterator[Candidate]:
    for method in plan.methods:
        if not method.knows_model:
            found = method.segment(Task(image, grid, wanted=wanted))
            yield Candidate(
                Place(at, method.name, "pixel"), grid.num_super_tokens if wanted is None else wanted, found.labels
            )


def _enlarged(labels: Labels, image: Image) -> Integer[np.ndarray, "image_height image_width"]:
    return upsample_labels(labels, *image.shape[:2])
