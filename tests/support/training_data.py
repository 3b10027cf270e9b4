"""A tiny image folder and a tiny recipe for the tests of the training."""

import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from stvit import STViTConfig
from training.cache import ImageCache
from training.config import TrainingConfig

COLOURS = {"blue": (30, 60, 220), "green": (40, 200, 60), "red": (220, 50, 40)}

TINY_MODEL = STViTConfig(
    num_classes=3,
    embed_dims=(8, 8, 12, 12),
    depths=(1, 1, 1, 1),
    num_heads=(2, 2, 2, 2),
    projection_dim=16,
)

RECIPE = {
    "model": "stvit_tiny",
    "epochs": 2,
    "batch_size": 4,
    "lr": 5e-3,
    "lr_batch": 4,
    "warmup_epochs": 1,
    "drop_path": 0.2,
    "ema_decay": 0.9,
    "sizes": ((0.0, 32), (0.7, 64)),
    "evaluation_size": 64,
    "crop_scale": (0.5, 1.0),
    "jitter": 0.2,
    "randaugment": (1, 5),
    "erase": 0.5,
    "mixup": 0.3,
    "cutmix": 1.0,
    "precision": "no",
    "threads": 1,
    "workers": 0,
    "checkpoint_every": 2,
}
"""Everything random is switched on, so that nothing random can escape the tests of resuming."""


def tiny_config(**changes) -> TrainingConfig:
    """Return the tiny recipe; the tiny model must be known by name."""
    return TrainingConfig(**(RECIPE | changes))


def coloured_image(name, seed, side=48):
    """Return an image of one class: its colour with noise."""
    noise = np.random.default_rng(seed).integers(-30, 31, (side, side, 3))
    return Image.fromarray(np.clip(np.array(COLOURS[name]) + noise, 0, 255).astype(np.uint8))


def write_folder(root: Path, per_class: dict[str, int] | None = None) -> Path:
    """Write train/ and val/ with a folder per colour."""
    for split, count in (per_class or {"train": 8, "val": 3}).items():
        for number, name in enumerate(COLOURS):
            folder = root / split / name
            folder.mkdir(parents=True)
            for index in range(count):
                coloured_image(name, 100 * number + index).save(folder / f"{index}.png")
    return root


def write_tar(folder: Path, path: Path) -> Path:
    """Pack a folder, members prefixed with ./ as `tar` does."""
    with tarfile.open(path, "w") as archive:
        archive.add(folder, arcname=".")
    return path


def png(image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def tiny_cache(per_class=8, side=64, seed=0) -> ImageCache:
    """Return a cache in memory."""
    random = np.random.default_rng(seed)
    names = sorted(COLOURS)
    labels = np.repeat(np.arange(len(names)), per_class)
    base = np.array([COLOURS[names[label]] for label in labels])[:, None, None]
    images = np.clip(base + random.integers(-30, 31, (len(labels), side, side, 3)), 0, 255).astype(np.uint8)
    sides = np.full(len(labels), side)
    return ImageCache(images.reshape(-1, 3), sides, sides, labels.astype(np.int64), tuple(names), ())
