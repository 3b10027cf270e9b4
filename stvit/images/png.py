"""What Pillow leaves to its callers in a PNG: the transparent colour, stored at the bit depth of the file."""

from io import BytesIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from stvit.images.limits import ImageError

PNG_END = b"IEND\xaeB`\x82"
"""Last chunk of a PNG; Pillow would accept a file that lost the checksums of its pixels and everything after."""


def file_behind(picture: Image.Image) -> bytes | None:
    """Return the bytes of an opened PNG that has not been decoded yet, None for every other picture."""
    if not (isinstance(picture, PngImageFile) and picture.tile and picture.fp and picture.tell() == 0):
        return None
    picture.fp.seek(0)
    return picture.fp.read()  # The picture stays usable: decoding seeks by itself.


def load_png(picture: PngImageFile) -> None:
    """Decode the pixels and bring the transparent colour to the 8 bits they have, or to alpha where 8 are too few.

    Raises:
        ImageError: If the picture was decoded before: the depth of its transparent colour is then unknown.
    """
    data, raw = file_behind(picture), str(picture.tile[0].args) if picture.tile else ""
    picture.load()
    key = picture.info.get("transparency")  # Decoding also reads the chunks after the pixels.
    if not isinstance(key, int | tuple) or picture.mode not in ("L", "RGB"):
        return
    if data is None:
        raise ImageError(
            "This opened PNG does not tell any more how deep its transparent colour is; hand over its path or bytes."
        )
    if raw == "RGB;16B" and isinstance(key, tuple):
        _make_transparent(picture, data, key)
    else:
        white = 2 ** int(raw.partition(";")[2] or 8) - 1
        values = tuple((value & white) * 255 // white for value in np.atleast_1d(key).tolist())
        picture.info["transparency"] = values if picture.mode == "RGB" else values[0]


def _make_transparent(picture: PngImageFile, data: bytes, key: tuple[int, ...]) -> None:
    """Give alpha 0 to the pixels whose 16-bit colour is the key; Pillow decodes the upper bytes only."""
    lower = PngImageFile(BytesIO(data))
    # This raw mode takes the other byte of each sample.
    lower.tile = [lower.tile[0]._replace(args="RGB;16L")]
    colour = np.asarray(picture).astype(np.uint16) * 256 + np.asarray(lower)
    del picture.info["transparency"]
    picture.putalpha(Image.fromarray(np.where((colour == key).all(axis=-1), np.uint8(0), np.uint8(255))))
