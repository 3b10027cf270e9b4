"""Top-1 and top-5 of any checkpoint on an image folder, with the published transform."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from stvit.error_text import counted
from stvit.foreign_text import plain
from stvit.images import PreparedImage, prepare
from stvit.images.framing import check_size
from stvit.model import STViT
from stvit.weights import read_checkpoint
from stvit.weights.errors import WeightsError
from stvit.weights.load import model_and_report
from stvit.weights.pretrained import list_pretrained, load_pretrained
from training.bars import open_bar
from training.cache import corrupt_image_message, load_as_published
from training.checkpoint import LAST, is_run
from training.class_names import readable_names
from training.export import model_from_run
from training.metrics import correct
from training.sources import Listing, list_images, read_files


@dataclass(frozen=True)
class Accuracy:
    """Accuracy on labelled images.

    Attributes:
        top1: Percent whose highest logit is the right class.
        top5: Percent whose right class is among the five highest.
        images: Images measured.
        skipped: Files that could not be decoded.
    """

    top1: float
    top5: float
    images: int
    skipped: tuple[str, ...]


def load_any(checkpoint: str) -> STViT:
    """Load a model from a name of the manifest, a file of weights, a run's folder or its checkpoint.

    Raises:
        FileNotFoundError: If it is neither a known name nor a file.
        ValueError: If the file holds no such model.
    """
    if checkpoint in {entry.name for entry in list_pretrained()}:
        return load_pretrained(checkpoint)
    path = Path(checkpoint)
    path = path / LAST if (path / LAST).is_file() else path
    state = _read_run(path)
    if state is not None:
        return model_from_run(state, str(path))
    model, report = model_and_report(path)
    for note in report.notes:
        tqdm.write(f"{plain(path.name)}: {note}", file=sys.stderr)
    return model


def _read_run(path: Path) -> dict[str, Any] | None:
    """Return the state of a run, None if a file holds something else; its content decides, not its name."""
    try:
        content = read_checkpoint(path) if path.is_file() else None
    except WeightsError:  # safetensors, or a file that cannot be used: `model_and_report` says why
        return None
    return content if is_run(content) else None


@torch.no_grad()
def measure(
    model: STViT,
    source: Path,
    split: str | None = "val",
    size: int = 224,
    *,
    corrupt: str = "fatal",
    batch_size: int = 32,
    progress: bool = True,
) -> Accuracy:
    """Measure a model on every image of a split.

    Args:
        model: The model; its classes in the order of the sorted class folders.
        source: Image folder or a tar of one.
        split: Folder between source and classes, or None.
        size: Side in pixels; the transform is the published one for it (bicubic resize, centre crop), on pictures as
            they are stored: not turned by EXIF, transparency dropped.
        corrupt: "fatal" stops at an image that cannot be decoded, "skip" counts it.
        batch_size: Images at once.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If the classes of data and model differ, or an image is corrupt and that is fatal.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
    check_size(size)
    listing = list_images(source, split)
    check_classes(model, listing)
    device = next(model.parameters()).device
    skipped: list[str] = []
    right = {1: 0, 5: 0}
    images = 0
    label_of = dict(listing.files)
    read = read_files(source, tuple(label_of))
    files = open_bar(progress, read, total=len(label_of), desc="evaluating", unit="image")
    for pixels, labels in _batches(files, label_of, size, batch_size, corrupt, skipped):
        logits = model.eval()(pixels.to(device)).cpu()
        images += len(labels)
        for k in right:
            right[k] += int(correct(logits, labels, k).sum())
    if not images:
        raise ValueError(f"None of {counted(len(skipped), 'image')} of {source} could be decoded.")
    return Accuracy(100 * right[1] / images, 100 * right[5] / images, images, tuple(skipped))


def check_classes(model: STViT, listing: Listing) -> None:
    """Check that the class folders are the classes of a model, as far as its names are known.

    Raises:
        ValueError: If their number differs, or names do.
    """
    expected, got = model.config.num_classes, len(listing.classes)
    if expected != got:
        raise ValueError(
            f"The checkpoint has {counted(expected, 'class', 'classes')}, but the data has "
            f"{counted(got, 'class folder')}; use the dataset that the checkpoint was trained on."
        )
    names = readable_names(listing.classes)
    for position, (known, found) in enumerate(zip(model.class_names or names, names, strict=True)):
        if known != found:
            raise ValueError(
                f"Class {position} of the checkpoint is {known!r}, but class folder {position} of the data (in sorted "
                f"order) is {found!r}; name the folders so that their order is that of the checkpoint's classes."
            )


def _batches(
    files: Iterable[tuple[str, bytes]],
    label_of: Mapping[str, int],
    size: int,
    batch_size: int,
    corrupt: str,
    skipped: list[str],
) -> Iterator[tuple[Tensor, Tensor]]:
    pictures = decoded(files, size, corrupt, skipped)
    while batch := list(islice(pictures, batch_size)):
        pixels = torch.cat([picture.pixels for _, picture in batch])
        yield pixels, torch.tensor([label_of[name] for name, _ in batch])


def decoded(
    files: Iterable[tuple[str, bytes]], size: int, corrupt: str, skipped: list[str]
) -> Iterator[tuple[str, PreparedImage]]:
    """Yield the name of each picture and what the model sees of it, by the published transform.

    Args:
        files: Names and bytes.
        size: Side in pixels.
        corrupt: "fatal" stops at an image that cannot be decoded, "skip" goes on.
        skipped: Where the names of those that were skipped go.

    Raises:
        ValueError: If an image is corrupt and that is fatal.
    """
    for name, data in files:
        try:
            picture = prepare(load_as_published(data), size)
        except Exception as error:  # decoding can fail in any way; only this picture is left out
            if corrupt == "fatal":
                raise ValueError(corrupt_image_message(name, error)) from error
            skipped.append(name)
        else:
            yield name, picture
