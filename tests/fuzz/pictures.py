"""Picture files of every accepted kind."""

import re
import struct
import zlib

import numpy as np
from PIL import Image

from stvit.images import DEFAULT_LIMITS, ImageError, load_image
from tests.support.picture_files import (
    EVERY_FORMAT,
    SEVERAL_FRAMES,
    encode,
    encode_png,
    encode_tiff,
    odd_tiff,
    smooth,
)

SENTENCE = re.compile(r"[A-Z][^\n]{10,300}\.")


def seeds() -> dict[str, bytes]:
    """Return small good pictures, one of each kind that is decoded on a way of its own."""
    frames = [Image.fromarray(smooth(seed)) for seed in (1, 2)]
    several = {
        f"{kind} of several": encode(frames[0], kind, save_all=True, append_images=frames[1:])
        for kind in SEVERAL_FRAMES
    }
    plain = {name: encode(smooth(), name, **options) for name, options in EVERY_FORMAT.items()}
    return {**plain, **several, **_rarer_pngs(), **_rarer_tiffs(), **_rarer_modes()}


def attempt(data: bytes) -> str:
    """Load a picture; it must come out as promised, or be refused in one sentence."""
    try:
        picture = load_image(data)
    except ImageError as error:
        if not SENTENCE.fullmatch(str(error)):
            raise AssertionError(f"no sentence: {error}") from error
        return "refused"
    assert (picture.array.dtype, picture.array.shape[2]) == (np.uint8, 3)
    DEFAULT_LIMITS.check_size(picture.height, picture.width)
    return "loaded"


def mend(data: bytes) -> bytes:
    """Put the checksums of a PNG right, as far as its chunks hang together."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        body = data[at + 4 : at + 8 + length]
        parts.append(data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + length
    return b"".join(parts)


def _rarer_pngs() -> dict[str, bytes]:
    deep = smooth(7).astype(np.uint16) * 257
    key = deep[3, 3].astype(">u2").tobytes()
    palette = Image.fromarray(smooth()).quantize(16)
    return {
        "PNG of 16 bits": encode_png(deep, 16, 2, transparent=key),
        "PNG of 16 bits, grey": encode_png(deep[..., 0], 16, 0, transparent=key[:2]),
        "PNG of 16 bits, alpha": encode_png(smooth(7, 4).astype(np.uint16) * 257, 16, 6),
        "PNG of 4 bits": encode_png(deep[..., 0] >> 12, 4, 0, transparent=b"\0\3"),
        "PNG with palette": encode(palette, "PNG", transparency=bytes(range(0, 256, 16))),
    }


def _rarer_tiffs() -> dict[str, bytes]:
    deep = smooth(7).astype(np.uint16) * 257
    grey = np.linspace(-1, 5, 48 * 60, dtype=np.float32).reshape(48, 60)
    return {
        "TIFF in planes": encode_tiff(
            deep.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", tile=(16, 16)
        ),
        "TIFF of floats": encode_tiff(grey, byteorder=">", compression="zlib"),
        "TIFF of 16 bits": encode_tiff(deep[..., 0], photometric="miniswhite"),
        "TIFF of inks": encode(Image.fromarray(smooth()).convert("CMYK"), "TIFF", compression="tiff_lzw"),
        "TIFF of black and white": encode(Image.fromarray(smooth()).convert("1"), "TIFF", compression="group4"),
        "TIFF with JPEG inside": encode(smooth(), "TIFF", compression="jpeg"),
        "TIFF with odd metadata": odd_tiff(),
    }


def _rarer_modes() -> dict[str, bytes]:
    image = Image.fromarray(smooth())
    exif = Image.Exif()
    exif[274] = 6
    return {
        "JPEG of inks": encode(image.convert("CMYK"), "JPEG"),
        "JPEG turned": encode(image, "JPEG", exif=exif),
        "BMP with palette": encode(image.quantize(16), "BMP"),
        "BMP of black and white": encode(image.convert("1"), "BMP"),
        "GIF with transparency": encode(image.quantize(16), "GIF", transparency=3),
        "WEBP with alpha": encode(smooth(5, 4), "WEBP"),
        "AVIF with alpha": encode(smooth(5, 4), "AVIF"),
        "HEIC with alpha": encode(smooth(5, 4), "HEIC"),
    }
