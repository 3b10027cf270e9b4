"""Images decoded once into a memory-mapped array, so that training does not spend its time decoding JPEG."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from stvit.atomic_files import write_atomically
from stvit.error_text import counted, listed
from stvit.images import RGBImage, load_image
from training.bars import open_bar
from training.sources import Listing, list_images, read_files

CORRUPT = ("fatal", "skip")


@dataclass(frozen=True, eq=False)
class ImageCache:
    """Decoded images of one split, each whole and at its own size.

    Attributes:
        pixels: The pixels of all images, row by row and one image after another, shape (pixels, 3), uint8.
        heights: Height of each image in pixels, shape (N,), int64.
        widths: Width of each image.
        labels: Shape (N,), int64.
        classes: Names of the classes.
        skipped: Files that could not be decoded and were left out.
    """

    pixels: NDArray[np.uint8]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    skipped: tuple[str, ...]

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Row of `pixels` at which each image begins, shape (N,)."""
        return np.concatenate([[0], np.cumsum(self.heights * self.widths)[:-1]])

    def picture(self, number: int) -> NDArray[np.uint8]:
        """Return one image, shape (height, width, 3)."""
        height, width, start = self.heights[number], self.widths[number], self.starts[number]
        return self.pixels[start : start + height * width].reshape(height, width, 3)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)


def open_cache(
    source: Path, split: str | None, size: int, folder: Path, corrupt: str = "fatal", progress: bool = True
) -> ImageCache:
    """Open the cache of a split, building it at the first use.

    Images stay whole. One whose shorter side has more than `size` pixels is resized so that it has as many; smaller
    ones stay as they are. Decoding is that of `stvit.images.load_image`, as stored and without alpha.

    Args:
        source: Image folder or a tar of one.
        split: Folder between source and classes, such as "train", or None.
        size: Greatest shorter side of the cached images in pixels.
        folder: Where caches are kept; a source that changes gets a new one.
        corrupt: "fatal" stops at an image that cannot be decoded, "skip" names it, counts it and continues.
        progress: Whether to show a progress bar while building.

    Raises:
        ValueError: If an image is corrupt (and that is fatal), a class is empty or an option is unknown.
        OSError: If the disk is full.
    """
    if corrupt not in CORRUPT:
        raise ValueError(f"corrupt must be one of {', '.join(CORRUPT)}, got {corrupt!r}.")
    if size < 1:
        raise ValueError(f"The size of cached images must be at least 1 pixel, got {size}.")
    listing = list_images(source, split)
    stem = folder / f"{split or 'all'}-whole-{size}-{_fingerprint(source, listing)}"
    index = stem.with_suffix(".json")
    if not index.exists():
        _build(source, listing, size, stem, corrupt, progress)
    return _read(stem, corrupt)


def check_same_classes(train: ImageCache, val: ImageCache) -> None:
    """Check that two splits have the same classes.

    Raises:
        ValueError: If not; the message names classes that one of them lacks.
    """
    if train.classes != val.classes:
        raise ValueError(
            f"Training and validation images need the same classes, got {len(train.classes)} and {len(val.classes)}: "
            f"{', '.join(sorted(set(train.classes) ^ set(val.classes))[:5])} are in one only."
        )


def _fingerprint(source: Path, listing: Listing) -> str:
    """Identify the files and when they changed, without reading them."""
    if source.is_file():
        stamps = [(source.stat().st_size, source.stat().st_mtime_ns)]
    else:
        stamps = [((source / name).stat().st_size, (source / name).stat().st_mtime_ns) for name, _ in listing.files]
    text = json.dumps([listing.classes, listing.files, stamps])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _read(stem: Path, corrupt: str) -> ImageCache:
    index = json.loads(stem.with_suffix(".json").read_text())
    if index["skipped"] and corrupt == "fatal":
        raise ValueError(
            f"The cached data left out {counted(len(index['skipped']), 'corrupt image')}, the first being "
            f"{index['skipped'][0]}; repair them, or choose to skip corrupt images."
        )
    heights, widths = np.array(index["sizes"], np.int64).reshape(-1, 2).T
    pixels = np.memmap(stem.with_suffix(".u8"), np.uint8, "r", shape=(int((heights * widths).sum()), 3))
    labels = np.array(index["labels"], np.int64)
    return ImageCache(pixels, heights, widths, labels, tuple(index["classes"]), tuple(index["skipped"]))


def _build(source: Path, listing: Listing, size: int, stem: Path, corrupt: str, progress: bool) -> None:
    """Decode all images; the index is written last, so a cache without one is never used."""
    wanted = dict(listing.files)
    labels: list[int] = []
    sizes: list[tuple[int, ...]] = []
    skipped: list[str] = []

    def write_pixels(array: BinaryIO) -> None:
        files = read_files(source, tuple(wanted))
        for name, data in open_bar(progress, files, total=len(wanted), desc="decoding", unit="image"):
            pixels = _decode_or_skip(name, data, size, corrupt, skipped.append)
            if pixels is not None:
                array.write(pixels.tobytes())
                labels.append(wanted[name])
                sizes.append(pixels.shape[:2])
        _check_complete(labels, listing, skipped)

    write_atomically(stem.with_suffix(".u8"), write_pixels)
    index = {"sizes": sizes, "classes": listing.classes, "labels": labels, "skipped": skipped}
    write_atomically(stem.with_suffix(".json"), json.dumps(index).encode())


def _check_complete(labels: list[int], listing: Listing, skipped: list[str]) -> None:
    missing = sorted(set(range(len(listing.classes))) - set(labels))
    if missing:
        raise ValueError(
            f"No image of class {listing.classes[missing[0]]!r} could be decoded; "
            f"{counted(len(skipped), 'corrupt image')}, the first being {skipped[0]}."
        )
    if skipped:
        tqdm.write(f"Skipped {counted(len(skipped), 'corrupt image')}: {listed(skipped, 10)}.")


def _decode_or_skip(
    name: str, data: bytes, size: int, corrupt: str, skip: Callable[[str], None]
) -> NDArray[np.uint8] | None:
    try:
        return decode(data, size)
    except Exception as error:  # decoding can fail in any way; only this picture is left out
        if corrupt == "fatal":
            raise ValueError(corrupt_image_message(name, error)) from error
        skip(name)
        return None


def corrupt_image_message(name: str, reason: Exception) -> str:
    """Return the sentence about an image that cannot be decoded."""
    why = str(reason).rstrip(".") or type(reason).__name__
    return f"The image {name} cannot be decoded ({why}); repair or remove it, or choose to skip corrupt images."


def load_as_published(data: bytes) -> RGBImage:
    """Load a picture as the published training and evaluation do: as it is stored, whatever EXIF and alpha say.

    Raises:
        ImageError: In one sentence, why it cannot be used.
    """
    return load_image(data, orientation="stored", alpha="drop")


def decode(data: bytes, size: int) -> NDArray[np.uint8]:
    """Decode an image as the published training does and resize it (bicubic) until its shorter side has `size` pixels.

    Raises:
        ImageError: In one sentence, why it cannot be used.
    """
    picture = load_as_published(data).array
    shorter = min(picture.shape[:2])
    if shorter <= size:
        return picture
    height, width = (round(side * size / shorter) for side in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
