"""The numbers below the colour bars of maps that are drawn in the browser."""

from pathlib import Path

WEB = Path(__file__).parent / "web"


def style() -> str:
    """Return their style sheet."""
    return (WEB / "ticks.css").read_text(encoding="utf-8")
