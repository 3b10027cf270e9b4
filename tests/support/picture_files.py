"""Pictures and files made on the spot for the tests of `stvit.images`."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import tifffile
from PIL import Image

HEIGHT, WIDTH = 48, 60
LOSSLESS = {"PNG": {}, "TIFF": {}, "BMP": {}, "WEBP": {"lossless": True}}
EVERY_FORMAT = {
    **LOSSLESS,
    "JPEG": {},
    "GIF": {},
    "JPEG progressive": {"format": "JPEG", "progressive": True},
    "WEBP lossy": {"format": "WEBP"},
    "AVIF": {},
    "HEIC": {},
    "TIFF lzw": {"format": "TIFF", "compression": "tiff_lzw"},
    "TIFF deflate": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
}
SEVERAL_FRAMES = ("GIF", "PNG", "TIFF", "WEBP")


def smooth(seed: int = 0, channels: int = 3) -> np.ndarray:
    """A smooth random picture, uint8, shape (48, 60, channels)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, channels), dtype=np.uint8)
    planes = [
        np.asarray(Image.fromarray(coarse[..., c]).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        for c in range(channels)
    ]
    return np.stack(planes, axis=-1)


def encode(image: Image.Image | np.ndarray, kind: str, **options) -> bytes:
    """Encode a picture with Pillow; `kind` is a format, or a free name where the options give one."""
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    if kind == "HEIC":
        pillow_heif.from_pillow(image).save(buffer, **options)
    else:
        image.save(buffer, options.pop("format", kind), **options)
    return buffer.getvalue()


def encode_tiff(array: np.ndarray, **options) -> bytes:
    """Encode an array with tifffile, which writes what Pillow cannot."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def encode_png(samples: np.ndarray, depth: int, colour: int, transparent: bytes | None = None) -> bytes:
    """A PNG by hand: rows of big-endian samples of 8 or 16 bits, or of one packed sample per 4 bits."""
    height, width = samples.shape[:2]
    if depth == 4:
        rows = (samples[:, ::2] << 4 | samples[:, 1::2]).astype(np.uint8)
    else:
        rows = samples.astype(">u2" if depth == 16 else "u1")
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", head)]
    chunks += [png_chunk(b"tRNS", transparent)] if transparent else []
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, png_chunk(b"IDAT", zlib.compress(body)), png_chunk(b"IEND", b"")])


def over_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The closed form of compositing over white, in floats."""
    share = alpha[..., None] / 255
    return colour * share + 255 * (1 - share)


def assert_close(actual: np.ndarray, expected: np.ndarray, levels: float) -> None:
    """Compare as numbers: uint8 differences would wrap."""
    expected = np.broadcast_to(expected, actual.shape)
    assert np.abs(actual.astype(float) - expected.astype(float)).max() <= levels


def bombs() -> dict[str, bytes]:
    """Tiny files whose headers claim 60000 x 60000 pixels (16000 x 16000 where the format ends there)."""
    side = 60000
    jpeg = bytearray(encode(smooth(), "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", side, side)
    bmp = bytearray(encode(smooth(), "BMP"))
    bmp[18:26] = struct.pack("<ii", side, side)
    gif = bytearray(encode(smooth(), "GIF"))
    gif[6:10] = struct.pack("<HH", side, side)
    gif_frame = bytearray(encode(smooth(), "GIF"))
    at = gif_frame.index(b"\x2c\0\0\0\0") + 5
    gif_frame[at : at + 4] = struct.pack("<HH", side, side)
    tiff = bytearray(encode(smooth(), "TIFF"))
    for tag in (256, 257):
        at = tiff.index(struct.pack("<HHI", tag, 4, 1)) + 8
        tiff[at : at + 4] = struct.pack("<I", side)
    webp = {}
    for name, edge in (("WEBP", 9000), ("WEBP beyond Pillow", 16383)):
        data = bytearray(encode(smooth(), "WEBP"))
        data[26:30] = struct.pack("<HH", edge, edge)
        webp[name] = bytes(data)
    png = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    png += png_chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    rest = {"JPEG": jpeg, "BMP": bmp, "GIF": gif, "GIF frame": gif_frame, "TIFF": tiff, **webp}
    return {"PNG": png, **{name: bytes(data) for name, data in rest.items()}}


def odd_tiff() -> bytes:
    """A good TIFF with one metadata entry that lies beyond its end; Pillow warns about it."""
    data = bytearray(encode(smooth(), "TIFF", tiffinfo={33432: "nobody, the last entry"}))
    at = data.index(struct.pack("<HH", 33432, 2))
    data[at + 4 : at + 8] = struct.pack("<I", 10**8)
    return bytes(data)
