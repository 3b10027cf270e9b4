"""The columns of the tables of scores, their types, and which way is better."""

import pyarrow as pa

from analysis.grouping.feature_scores import PERCENTILES
from analysis.grouping.stability import DISTURBANCES
from analysis.grouping.truth_scores import TRUTH_SCORES
from analysis.many_pictures.tables import TEXT, Types

PLACE = ("at", "method", "resolution", "stage", "block")
"""What names a grouping: where the count comes from, how it groups, what it sees, whose tokens, which block."""

SOFT = "soft_achievable_segmentation_accuracy"

AGAINST_TRUTH = (*TRUTH_SCORES, SOFT)
"""Scores that differ from annotator to annotator."""

COUNTS = ("segments", "components", "disconnected")

SHAPES = (
    "explained_variation",
    "intra_segment_variation",
    "compactness",
    "contour_density",
    "smallest",
    "median_size",
    "largest",
    "size_variation",
)

COSINES = (
    *(
        f"cosine_{of}{level}"
        for of in ("own", "second", "random")
        for level in ("", *(f"_p{percent}" for percent in PERCENTILES))
    ),
    "cosine_grid",
)
"""Of the tokens of a block to its super tokens; to the cells of the regular grid."""

STABILITY = tuple(f"stability_{change.name}" for change in DISTURBANCES)

ALONE = (*COUNTS, *SHAPES, *COSINES, *STABILITY)
"""What is the same for every annotator."""

LOWER_IS_BETTER = frozenset(
    (
        "mean_distance_to_edge",
        "undersegmentation_error",
        "corrected_undersegmentation_error",
        "variation_of_information",
    )
)
"""Among `AGAINST_TRUTH`; of the others more is better."""

COLUMN_TYPES: Types = {
    "image": (TEXT, "str"),
    "at": (TEXT, "str"),
    "method": (TEXT, "str"),
    "resolution": (TEXT, "str"),
    "stage": (pa.int8(), "Int64"),
    "block": (pa.int8(), "Int64"),
    "requested": (pa.int32(), "int64"),
    "annotator": (pa.int16(), "int64"),
    "tolerance": (pa.int16(), "int64"),
    **{name: (pa.int64(), "int64") for name in COUNTS},
    **{name: (pa.float64(), "float64") for name in (*SHAPES, *AGAINST_TRUTH, *COSINES, *STABILITY)},
}
"""Type of each column in files and in pandas; stage, block and annotator count from 0."""
