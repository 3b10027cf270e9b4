"""Do learned super tokens follow pictures? Against the regular grid and SLIC at equal count.

python -m benchmarks.groupings --images IMAGENETTE.tar --segmented BSDS500.tar

Explained variation is measured on pictures of a classification set (an archive with val/CLASS/*.JPEG), boundary
recall against the human segmentations of BSDS500 (an archive with images/test/*.jpg and groundTruth/test/*.mat),
averaged over the annotators. Boundary recall rewards long boundaries, so precision and contour density stand beside it.
"""

import argparse
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.io

from analysis.figures.paint import upsample_labels
from analysis.grouping.boundary_scores import boundary_precision, boundary_recall, default_tolerance
from analysis.grouping.scores import contour_density, explained_variation, segment_count
from analysis.grouping.superpixels import regular_grid_labels, slic_token_labels
from stvit import BlockRecord, STViT, capture, load_pretrained
from stvit.images import PreparedImage, prepare


def main() -> None:
    """Print one table for each question."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.groupings", description=__doc__)
    parser.add_argument("--model", default="demo", help="name in pretrained/manifest.json")
    parser.add_argument("--images", type=Path, required=True, help="archive with val/CLASS/*.JPEG")
    parser.add_argument("--segmented", type=Path, required=True, help="archive of BSDS500")
    parser.add_argument("--count", type=int, default=20, help="pictures of each kind")
    options = parser.parse_args()
    model = load_pretrained(options.model)
    variation = pd.DataFrame(explained_variations(model, options.images, options.count))
    print(f"\nExplained variation, {options.count} pictures of the val split at 224 px")
    print_means(variation)
    boundaries = pd.DataFrame(boundary_scores(model, options.segmented, options.count))
    print(f"\nBoundaries against human segmentations, {options.count} pictures of BSDS500, short side 320 px")
    print_means(boundaries)


def explained_variations(model: STViT, archive: Path, count: int) -> Iterator[dict[str, object]]:
    """Yield explained variation by picture, block and grouping; pictures are spread evenly over the archive."""
    with tarfile.open(archive) as files:
        names = sorted(name for name in files.getnames() if "val/" in name and name.lower().endswith((".jpeg", ".jpg")))
        for name in names[:: max(1, len(names) // count)][:count]:
            picture = prepare(_read(files, name))
            for row, labels in _groupings(model, picture):
                yield row | {"explained variation": explained_variation(labels, picture.shown)}


def boundary_scores(model: STViT, archive: Path, count: int) -> Iterator[dict[str, object]]:
    """Yield boundary recall and precision by picture, block and grouping, averaged over annotators."""
    with tarfile.open(archive) as files:
        names = sorted(name for name in files.getnames() if name.endswith(".jpg"))
        for name in names[:: max(1, len(names) // count)][:count]:
            picture = prepare(_read(files, name), 320, mode="whole")
            truth = _read(files, name.replace("images", "groundTruth").replace(".jpg", ".mat"))
            references = list(_segmentations(truth, picture))
            for row, labels in _groupings(model, picture):
                tolerance = default_tolerance(*labels.shape)
                recall = np.mean([boundary_recall(labels, reference, tolerance) for reference in references])
                precision = np.mean([boundary_precision(labels, reference, tolerance) for reference in references])
                yield row | {
                    f"boundary recall (r = {tolerance} px)": recall,
                    "boundary precision": precision,
                    "contour density": contour_density(labels),
                }


def print_means(table: pd.DataFrame) -> None:
    """Print means over pictures, and in how many pictures the learned grouping beats the grid."""
    by = ["stage", "block", "grouping"]
    values = [column for column in table.columns if column not in (*by, "picture")]
    print(table.groupby(by, sort=False)[values].mean().round(3).to_string())
    score = values[1]
    wide = table.pivot(index=["picture", "stage", "block"], columns="grouping", values=score)
    wins = (wide["learned"] > wide["grid"]).groupby(["stage", "block"]).agg(["sum", "count"])
    print(f"learned above grid in {score}:", {key: f"{won} of {of}" for key, (won, of) in wins.T.items()})


def _groupings(model: STViT, picture: PreparedImage) -> Iterator[tuple[dict[str, object], np.ndarray]]:
    """Yield the groupings of every block that has super tokens, as labels at pixel resolution."""
    for block, record in capture(model, picture.pixels).items():
        if record.grid.is_identity:
            continue
        for name, labels in _labels(record, picture).items():
            large = upsample_labels(labels, *picture.shown.shape[:2])
            yield (
                {
                    "picture": picture.source.sha256,
                    "stage": block.stage + 1,
                    "block": block.block + 1,
                    "grouping": name,
                    "segments": segment_count(large),
                },
                large,
            )


def _labels(record: BlockRecord, picture: PreparedImage) -> dict[str, np.ndarray]:
    grid = record.grid
    return {
        "learned": record.labels()[0].numpy(),
        "grid": regular_grid_labels(grid.height, grid.width, grid.rows, grid.columns).labels,
        "SLIC": slic_token_labels(picture.shown, grid.height, grid.width, grid.num_super_tokens).labels,
    }


def _segmentations(data: bytes, picture: PreparedImage) -> Iterator[np.ndarray]:
    """Yield each annotator's regions at the size of the prepared picture."""
    height, width = picture.shown.shape[:2]
    annotators = scipy.io.loadmat(io.BytesIO(data))["groundTruth"]
    for annotator in annotators[0]:
        regions = annotator["Segmentation"][0, 0].astype(np.int64)
        rows = np.arange(height) * regions.shape[0] // height
        columns = np.arange(width) * regions.shape[1] // width
        yield regions[rows[:, None], columns]


def _read(files: tarfile.TarFile, name: str) -> bytes:
    member = files.extractfile(name)
    if member is None:
        raise FileNotFoundError(f"The archive holds no file {name}; give the archive that the help describes.")
    return member.read()


if __name__ == "__main__":
    main()
