"""The limits within which a picture is accepted, and the one error that says why it is not."""

from dataclasses import dataclass

from stvit.error_text import counted


class ImageError(ValueError):
    """A picture that cannot be used; the message is one sentence that a person can act on."""


@dataclass(frozen=True)
class ImageLimits:
    """Limits on a picture, checked before its pixels are decoded.

    Attributes:
        max_pixels: Most pixels, height times width. A decompression bomb claims far more.
        min_side: Shortest side in pixels; 32 is one token of the last stage.
        max_aspect: Longest side over shortest side.
        max_bytes: Largest file in bytes.
    """

    max_pixels: int = 64_000_000
    min_side: int = 32
    max_aspect: float = 8.0
    max_bytes: int = 256 * 2**20

    def __post_init__(self) -> None:
        """Check the limits themselves."""
        if self.max_pixels < 1 or self.min_side < 1 or self.max_aspect < 1 or self.max_bytes < 1:
            raise ValueError(f"Each image limit must be at least 1, got {self}.")

    def check_bytes(self, count: int) -> None:
        """Raise an ImageError if a file of `count` bytes is empty or too large."""
        if count == 0:
            raise ImageError("This file is empty (0 bytes); choose a file that holds a picture.")
        if count > self.max_bytes:
            raise ImageError(
                f"This file has more than {self.max_bytes / 2**20:,.4g} MiB, the most that is accepted; "
                f"save the picture smaller."
            )

    def check_size(self, height: int, width: int) -> None:
        """Raise an ImageError if a picture of height x width pixels is too large, too small or too elongated."""
        found = f"This picture is {counted(height, 'pixel')} high and {width:,} wide"
        if height * width > self.max_pixels:
            raise ImageError(
                f"{found}, {height * width:,} pixels in all, more than the limit of {self.max_pixels:,}; "
                f"make it smaller first."
            )
        if min(height, width) < self.min_side:
            raise ImageError(f"{found}, but each side needs at least {self.min_side} pixels; choose a larger picture.")
        if max(height, width) > self.max_aspect * min(height, width):
            ratio = max(height, width) / min(height, width)
            raise ImageError(
                f"{found}, an aspect ratio of {ratio:.1f}:1, more than the limit of {self.max_aspect:g}:1; "
                f"crop it first."
            )


DEFAULT_LIMITS = ImageLimits()
