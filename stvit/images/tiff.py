"""TIFFs that Pillow would decode wrongly: repaired where its decoders can do better, refused elsewhere."""

import re

from PIL.TiffImagePlugin import TiffImageFile

from stvit.images.limits import ImageError

BITS_PER_SAMPLE, PHOTOMETRIC, PLANAR_CONFIGURATION, PREDICTOR, SAMPLE_FORMAT = 258, 262, 284, 317, 339
"""Tags that say how the samples are stored; 1 is the default of the last three."""

SIGNED, APART = 2, 2
"""Values of SAMPLE_FORMAT and of PLANAR_CONFIGURATION: each channel in a plane of its own."""


def repair_samples(picture: TiffImageFile) -> None:
    """Let Pillow read the samples of a TIFF as they are stored; to be called before it decodes.

    Pillow 13 mistakes 16-bit planes for 8-bit ones, and takes decompressed signed or float samples, which are in the
    byte order of the machine, to be in that of the file.

    Raises:
        ImageError: If the samples would still come out wrong, or already did.
    """
    tags, compression = picture.tag_v2, picture.info.get("compression")
    deep = max(tags.get(BITS_PER_SAMPLE, (1,))) > 8
    apart = tags.get(PLANAR_CONFIGURATION, 1) == APART and len(picture.getbands()) > 1
    if (
        (apart and picture.mode in ("LA", "La", "PA"))
        or (apart and deep and compression == "raw" and picture.mode not in ("RGB", "RGBA"))
        or (tags.get(SAMPLE_FORMAT, (1,))[0] == SIGNED and not deep)
        or (tags.get(PREDICTOR, 1) != 1 and compression in ("raw", "packbits"))
    ):
        raise ImageError("Samples stored in this way cannot be read here; save the TIFF with interleaved channels.")
    big = tags.prefix == b"MM"
    if apart and deep and compression == "raw":
        _replace_raw_mode(picture, r"^([RGBA])$", r"\1;16" + ("B" if big else "L"))
    elif big and picture.mode in ("I", "F") and compression != "raw":
        _replace_raw_mode(picture, r"^([IF]);(\d+)B([SF])$", r"\1;\2N\3")


def _replace_raw_mode(picture: TiffImageFile, pattern: str, replacement: str) -> None:
    """Change how the bytes of each tile are decoded into samples."""
    if not picture.tile:
        raise ImageError("Pillow has decoded this opened TIFF, which it does wrongly; hand over its path or bytes.")
    picture.tile = [
        tile._replace(args=(re.sub(pattern, replacement, tile.args[0]), *tile.args[1:]))
        for tile in picture.tile
        if isinstance(tile.args, tuple)
    ]
