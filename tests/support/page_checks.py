"""What browser tests measure on any page: how far it shifts while it loads, and how well its words stand out."""

from pathlib import Path
from typing import Any

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const moved = entry.sources.map(({ node, previousRect: from, currentRect: to }) =>
      `${node?.parentElement?.className ?? ""} > ${node?.className ?? node?.nodeName}` +
      ` (${from.x}, ${from.y}, ${from.width}, ${from.height}) -> (${to.x}, ${to.y}, ${to.width}, ${to.height})`);
    window.shifts.push({ value: entry.value, at: entry.startTime, moved });
  }
}).observe({ type: "layout-shift", buffered: true });
"""
"""To run before a page loads; Chromium says by how much what is in the window moves without anybody's doing."""

GAP, LONGEST = 1000, 5000
"""Milliseconds between shifts of one burst, and of a whole burst, as web.dev/cls defines the measure."""


def cumulative_shift(shifts: list[dict[str, Any]]) -> float:
    """Return the sum of the worst burst of shifts.

    Example:
        >>> cumulative_shift([{"at": 0, "value": 0.5}, {"at": 900, "value": 0.25}, {"at": 2000, "value": 0.5}])
        0.75
    """
    worst = total = 0.0
    start = last = float("-inf")
    for shift in shifts:
        if shift["at"] - last > GAP or shift["at"] - start > LONGEST:
            start, total = shift["at"], 0.0
        last = shift["at"]
        total += shift["value"]
        worst = max(worst, total)
    return worst


FAINT = (Path(__file__).parent / "contrast.mjs").read_text(encoding="utf-8").partition("findFaint = ")[2].rstrip(";\n")
"""To evaluate in a page with `EXEMPT`."""

EXEMPT = (
    ":disabled, [aria-disabled=true], [data-testid=stIconMaterial], .heatmaplayer, [role=option], [aria-hidden=true], "
    "[data-testid=stSliderThumbValue]"
)
"""Controls that are off, symbols, numbers on colours of their own, and numbers beside the element that they lie in."""
