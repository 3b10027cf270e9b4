"""Files that no picture can be read from, made on the spot, by the name they are uploaded under."""

import io

from PIL import Image

from tests.support.app_support import jpeg
from tests.support.picture_files import bombs, encode, smooth


def bad_files() -> dict[str, bytes]:
    """Return ten files, each bad in its own way."""
    png = encode(smooth(), "PNG")
    return {
        "truncated.png": png[: len(png) // 2],
        "renamed.jpg": b"Dear all, this is a letter and no picture at all.",
        "empty.png": b"",
        "pixel.png": encode(smooth()[:1, :1], "PNG"),
        "bomb.png": bombs()["PNG"],
        "page.jpg": b"<!doctype html><html><body>Quota exceeded</body></html>",
        "cut.gif": _animation()[:60],
        "paper.png": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "corrupt.jpg": _corrupt_jpeg(),
        "long.tiff": encode(smooth()[:33].repeat(8, axis=1), "TIFF"),
    }


def _animation() -> bytes:
    frames = [Image.fromarray(smooth(seed)) for seed in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _corrupt_jpeg() -> bytes:
    """A JPEG whose Huffman tables are overwritten; header and length are as they should be."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc4") + 4
    data[at : at + 200] = b"\xff" * 200
    return bytes(data)
