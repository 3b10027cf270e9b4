"""Time all scores of one label map against five annotators, at once and score by score.

python -m benchmarks superpixels

The picture has the size of those of BSDS500, 321 x 481; segmentations of other scales stand in for the annotators.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from skimage.data import astronaut
from skimage.segmentation import felzenszwalb

from analysis.grouping import boundary_scores, overlap_scores, scores
from analysis.grouping.slic import slic_labels
from analysis.grouping.truth import Truth
from analysis.grouping.truth_scores import TRUTH_SCORES, truth_scores
from benchmarks.timing import compare

AGAINST_TRUTH = [(vars(boundary_scores) | vars(overlap_scores))[name] for name in TRUTH_SCORES]
SCALES = (100, 200, 400, 800, 1600)
COUNTS = (50, 150, 400, 1000)
REPEATS = 15
ALONE = (
    "explained_variation",
    "intra_segment_variation",
    "compactness",
    "contour_density",
    "disconnected_count",
    "segment_count",
)


def main() -> None:
    """Print a line for each number of segments."""
    torch.set_num_threads(1)
    image = np.ascontiguousarray(astronaut()[:321, :481])
    maps = [felzenszwalb(image, scale=scale, sigma=0.8, min_size=200) for scale in SCALES]
    truth = Truth.of(maps)
    print(f"All scores of one label map, {image.shape[0]} x {image.shape[1]} pixels, {len(maps)} annotators, one core")
    for count in COUNTS:
        labels = slic_labels(image, count).labels
        once, loop = partial(at_once, labels, image, truth), partial(one_by_one, labels, image, maps)
        found = compare(once, loop, REPEATS)
        print(
            f"{count:5} segments: {1e3 * found.first:5.1f} ms at once ({processor_ms(once):.1f} ms of processor time), "
            f"{1e3 * found.second:6.1f} ms score by score (medians of {found.repeats}; {1 / found.ratio:.1f} times as "
            "fast)"
        )


def processor_ms(action: Callable[[], object]) -> float:
    """Return the median processor time in ms, which other load on the machine does not inflate."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        action()
        taken.append(time.process_time() - start)
    return 1e3 * statistics.median(taken)


def at_once(labels: np.ndarray, image: np.ndarray, truth: Truth) -> None:
    """Compute everything, sharing what can be shared."""
    scores.describe_segments(labels, image)
    truth_scores(labels, truth)


def one_by_one(labels: np.ndarray, image: np.ndarray, maps: list[np.ndarray]) -> None:
    """Compute everything in a loop over scores and annotators."""
    for name in ALONE:
        getattr(scores, name)(*((labels, image) if name.endswith("variation") else (labels,)))
    for reference in maps:
        for score in AGAINST_TRUTH:
            score(labels, reference)
