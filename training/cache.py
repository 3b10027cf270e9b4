"""Images decoded once into a memory-mapped array, so that training does not spend its time on JPEG."""

import hashlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from stvit.atomic_files import explain_full_disk, write_atomically
from training.sources import Listing, list_images, read_files

CORRUPT = ("fatal", "skip")


@dataclass(frozen=True, eq=False)
class ImageCache:
    """Decoded images of one split.

    Attributes:
        images: Shape (N, size, size, 3), uint8, memory-mapped.
        labels: Shape (N,), int64.
        classes: Names of the classes.
        skipped: Files that could not be decoded and were left out.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def size(self) -> int:
        """Side of the images in pixels."""
        return self.images.shape[1]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)


def open_cache(
    source: Path, split: str | None, size: int, folder: Path, corrupt: str = "fatal", progress: bool = True
) -> ImageCache:
    """Open the cache of a split, building it at the first use.

    Images are resized so that the shorter side has `size` pixels, then cut to the central square.

    Args:
        source: Image folder or a tar of one.
        split: Folder between source and classes, such as "train", or None.
        size: Side of the cached images in pixels.
        folder: Where caches are kept; a source that changes gets a new one.
        corrupt: "fatal" stops at an image that cannot be decoded, "skip" names and counts it and goes on.
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
    stem = folder / f"{split or 'all'}-{size}-{_fingerprint(source, listing)}"
    index = stem.with_suffix(".json")
    if not index.exists():
        _build(source, listing, size, stem, corrupt, progress)
    return _read(stem, corrupt)


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
            f"The cached data left out {len(index['skipped'])} corrupt images, the first being "
            f"{index['skipped'][0]}; repair them, or choose to skip corrupt images."
        )
    shape = (len(index["labels"]), index["size"], index["size"], 3)
    images = np.memmap(stem.with_suffix(".u8"), np.uint8, "r", shape=shape)
    return ImageCache(images, np.array(index["labels"], np.int64), tuple(index["classes"]), tuple(index["skipped"]))


def _build(source: Path, listing: Listing, size: int, stem: Path, corrupt: str, progress: bool) -> None:
    """Decode all images; the index is written last, so a cache without one is never used."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    wanted = dict(listing.files)
    labels: list[int] = []
    skipped: list[str] = []
    partial = stem.with_suffix(f".{os.getpid()}.part")
    try:
        with explain_full_disk(partial), partial.open("wb") as array:
            files = read_files(source, tuple(wanted))
            for name, data in tqdm(files, total=len(wanted), desc="decoding", unit="image", disable=not progress):
                pixels = _decode_or_skip(name, data, size, corrupt, skipped.append)
                if pixels is not None:
                    array.write(pixels.tobytes())
                    labels.append(wanted[name])
        _check_complete(labels, listing, skipped)
        partial.replace(stem.with_suffix(".u8"))
    finally:
        partial.unlink(missing_ok=True)
    index = {"size": size, "classes": listing.classes, "labels": labels, "skipped": skipped}
    write_atomically(stem.with_suffix(".json"), json.dumps(index).encode())


def _check_complete(labels: list[int], listing: Listing, skipped: list[str]) -> None:
    missing = sorted(set(range(len(listing.classes))) - set(labels))
    if missing:
        raise ValueError(
            f"No image of class {listing.classes[missing[0]]!r} could be decoded; {len(skipped)} corrupt images, "
            f"the first being {skipped[0]}."
        )
    if skipped:
        tqdm.write(f"Skipped {len(skipped)} corrupt images: {', '.join(skipped[:10])}{' ...' * (len(skipped) > 10)}")


def _decode_or_skip(
    name: str, data: bytes, size: int, corrupt: str, skip: Callable[[str], None]
) -> NDArray[np.uint8] | None:
    try:
        return decode(data, size)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        if corrupt == "fatal":
            raise ValueError(corrupt_image_message(name, error)) from error
        skip(name)
        return None


def corrupt_image_message(name: str, reason: Exception) -> str:
    """Return the sentence about an image that cannot be decoded."""
    return f"The image {name} cannot be decoded ({reason}); repair or remove it, or choose to skip corrupt images."


def decode(data: bytes, size: int) -> NDArray[np.uint8]:
    """Decode an image and cut its central square, resized (bicubic) to (size, size, 3)."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    if image.size == (size, size):
        return np.asarray(image)
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box=box, reducing_gap=None))
