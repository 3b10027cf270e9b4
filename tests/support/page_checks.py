"""What browser tests measure on any page: how well its words stand out."""

from pathlib import Path

FAINT = (Path(__file__).parent / "contrast.mjs").read_text(encoding="utf-8").partition("findFaint = ")[2].rstrip(";\n")
"""To evaluate in a page with `EXEMPT`."""

EXEMPT = (
    ":disabled, [aria-disabled=true], [data-testid=stIconMaterial], .heatmaplayer, [role=option], [aria-hidden=true], "
    "[data-testid=stSliderThumbValue]"
)
"""Controls that are off, symbols, numbers on colours of their own, and numbers beside the element that they lie in."""
