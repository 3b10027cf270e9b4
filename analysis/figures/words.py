"""Words in figures for papers: drawn as they are, whatever they hold, in a font that has them (Matplotlib)."""

from functools import cache

from matplotlib.font_manager import findfont, fontManager, get_font
from matplotlib.ft2font import FT2Font

FAMILIES = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
)
"""Fonts that are asked for a letter one after the other; the first comes with Matplotlib, the others if installed."""


@cache
def families() -> list[str]:
    """Return the fonts that are installed here."""
    installed = set(fontManager.get_font_names())
    return [name for name in FAMILIES if name in installed]


@cache
def _fonts() -> tuple[FT2Font, ...]:
    return tuple(get_font(findfont(name)) for name in families())


def drawable(text: str) -> str:
    r"""Return a text in which each character that no font here can draw is spelled out.

    Control characters, which also break SVG files, have no glyph either.

    Example:
        >>> drawable("cat\x1b.png")
        'cat\\x1b.png'
    """
    return "".join(map(_drawable, text))


@cache
def _drawable(character: str) -> str:
    has_glyph = any(font.get_char_index(ord(character)) for font in _fonts())
    return character if has_glyph else character.encode("unicode_escape", "surrogatepass").decode("ascii")
