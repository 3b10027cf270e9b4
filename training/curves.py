"""The progress of a run as a figure."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stvit.atomic_files import write_atomically


def draw_curves(rows: list[dict[str, Any]]) -> Figure:
    """Draw loss and accuracy over epochs, with the image size in the background.

    Args:
        rows: Rows of a metrics file.

    Raises:
        ValueError: If there are none.
    """
    if not rows:
        raise ValueError("There are no metrics to draw; train at least one epoch.")
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    _draw_pair(loss, rows, ("train_loss", "val_loss"), "loss (nats)")
    _draw_pair(accuracy, rows, ("train_accuracy", "val_top1"), "top-1 accuracy (%)")
    for axes in (loss, accuracy):
        _mark_sizes(axes, rows)
    return figure


def save_curves(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the figure of a run as PNG or SVG, by the ending of `path`."""
    figure = draw_curves(rows)
    write_atomically(path, lambda file: figure.savefig(file, format=path.suffix[1:], dpi=120))


def _draw_pair(axes: Axes, rows: list[dict[str, Any]], keys: tuple[str, str], label: str) -> None:
    for key, name, style in zip(keys, ("training crops", "validation (EMA)"), ("-", "o-"), strict=True):
        points = [(row["epoch"] + 1, row[key]) for row in rows if key in row]
        if points:
            axes.plot(*zip(*points, strict=True), style, markersize=3, label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.legend(frameon=False)


def _mark_sizes(axes: Axes, rows: list[dict[str, Any]]) -> None:
    """Draw a dotted line where training images change their size."""
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before["size"] != row["size"]:
            axes.axvline(row["epoch"] + 0.5, color="0.8", linestyle=":", linewidth=1, zorder=0)
            axes.text(
                row["epoch"] + 0.6,
                0.02,
                f"{row['size']} px",
                transform=axes.get_xaxis_transform(),
                rotation=90,
                color="0.5",
                fontsize="small",
            )
