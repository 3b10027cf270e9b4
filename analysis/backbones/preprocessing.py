"""What a model's preprocessor_config.json asks for, done without torchvision."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from PIL import Image
from torch import Tensor

from stvit.foreign_text import plain
from stvit.images import PictureSource, PreparedImage, RGBImage, load_image
from stvit.images.framing import Framing, check_size

FILE = "preprocessor_config.json"

Size = tuple[int, int]


@dataclass(frozen=True)
class Preprocessing:
    """Resize, centre crop and normalise, as the image processors of transformers do with Pillow.

    Attributes:
        resize: (height, width) of the resize; one number for the short side, aspect ratio kept; None for no resize.
        crop: (height, width) of the centre crop; None for none.
        resample: Pillow's number of the filter.
        factor: What 8-bit values are multiplied by.
        mean: Mean of each channel.
        std: Standard deviation of each channel.
    """

    resize: Size | int | None
    crop: Size | None
    resample: int
    factor: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def read(cls, path: Path) -> "Preprocessing":
        """Read the file.

        Raises:
            ValueError: If it is no such file, or asks for something unknown.
        """
        try:
            found = json.loads(path.read_bytes())
            return cls._of(found)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{plain(path, 200)} is not a preprocessor file of this kind: expected size, image_mean and image_std "
                f"of three channels and the like, as transformers writes them ({plain(error)})."
            ) from error

    @classmethod
    def _of(cls, found: Mapping[str, Any]) -> "Preprocessing":
        square = not str(found.get("image_processor_type", found.get("feature_extractor_type", ""))).startswith("Bit")
        resize = _size(found["size"], square) if found.get("do_resize", True) else None
        crops = found.get("do_center_crop", "crop_size" in found)
        crop = _size(found["crop_size"], True) if crops else None
        factor = float(found.get("rescale_factor", 1 / 255)) if found.get("do_rescale", True) else 1.0
        plain_values = not found.get("do_normalize", True)
        mean, std = (
            ((0.0,) * 3, (1.0,) * 3) if plain_values else (_three(found[f"image_{of}"]) for of in ("mean", "std"))
        )
        assert crop is None or isinstance(crop, tuple)
        resample = int(found["resample"]) if resize is not None else Image.Resampling.BILINEAR
        return cls(resize, crop, int(Image.Resampling(resample)), factor, mean, std)

    def prepare(self, image: RGBImage | PictureSource, size: int | Size | None = None) -> PreparedImage:
        """Turn a picture into the model's input.

        Args:
            image: An `RGBImage`, or anything `stvit.images.load_image` accepts.
            size: Pixels of the input in place of the file's; the resize before the crop grows or shrinks with it.

        Raises:
            ValueError: If the size is not sensible, or the crop does not fit into the resized picture.
            ImageError: If the picture cannot be loaded.
        """
        source = image if isinstance(image, RGBImage) else load_image(image)
        framing = self._framing((source.height, source.width), None if size is None else check_size(size))
        height, width = framing.resized
        resized = Image.fromarray(source.array).resize((width, height), Image.Resampling(self.resample))
        top, left = framing.corner
        shown = np.array(resized)[top : top + framing.size[0], left : left + framing.size[1]].copy()
        pixels = self._normalised(shown)
        shown.setflags(write=False)
        return PreparedImage(pixels, shown, framing, source)

    def _framing(self, original: Size, size: Size | None) -> Framing:
        resized, crop = _resized(self.resize, original), self.crop
        if size is not None and crop is not None:
            crop, resized = size, self._scaled(original, size, crop)
        elif size is not None:
            resized = size
        crop = crop or resized
        if crop[0] > resized[0] or crop[1] > resized[1]:
            raise ValueError(
                f"The preprocessor file crops {crop[0]} x {crop[1]} pixels out of {resized[0]} x {resized[1]}; give a "
                "larger picture."
            )
        corner = (resized[0] - crop[0]) // 2, (resized[1] - crop[1]) // 2
        return Framing(original, resized, corner, crop)

    def _scaled(self, original: Size, size: Size, crop: Size) -> Size:
        """Return the size of the resize that leaves the same margin around another crop."""
        if self.resize is None:
            return original
        if isinstance(self.resize, int):
            wanted = -(-self.resize * max(size[0] * crop[1], size[1] * crop[0]) // (crop[0] * crop[1]))
            return _resized(wanted, original)
        tall, wide = (-(-whole * new // old) for whole, new, old in zip(self.resize, size, crop, strict=True))
        return tall, wide

    def _normalised(self, shown: UInt8[np.ndarray, "height width 3"]) -> Float32[Tensor, "1 3 height width"]:
        values = torch.from_numpy(shown.astype(np.float64) * self.factor).permute(2, 0, 1)[None]
        mean, std = (torch.tensor(numbers, dtype=torch.float64).view(3, 1, 1) for numbers in (self.mean, self.std))
        return ((values - mean) / std).float().contiguous()


def _resized(resize: Size | int | None, original: Size) -> Size:
    """Return the size after the resize; a long side is cut off to a whole number, as torchvision does."""
    if resize is None:
        return original
    if isinstance(resize, tuple):
        return resize
    long = int(resize * max(original) / min(original))
    return (resize, long) if original[0] <= original[1] else (long, resize)


def _size(found: Any, square: bool) -> Size | int:
    """Return (height, width), or one number for the short side; a bare number is a square but for BiT's processors."""
    if isinstance(found, int):
        return (found, found) if square else found
    if isinstance(found, Mapping) and set(found) == {"shortest_edge"}:
        return int(found["shortest_edge"])
    if isinstance(found, Mapping) and set(found) != {"height", "width"}:
        raise ValueError(f"a size of {', '.join(map(str, found))} is unknown")
    height, width = (found["height"], found["width"]) if isinstance(found, Mapping) else found
    return int(height), int(width)


def _three(found: Any) -> tuple[float, ...]:
    values = tuple(float(value) for value in found)
    if len(values) != 3:
        raise ValueError(f"{len(values)} channels")
    return values
