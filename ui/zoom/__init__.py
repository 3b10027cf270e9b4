"""One zoom for everything that is drawn in the browser: the part of a picture that is shown, buttons, and gestures."""

from pathlib import Path

WEB = Path(__file__).parent / "web"


def modules() -> dict[str, str]:
    """Return the source code of the zoom's modules, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(WEB.glob("*.js"))}


def style() -> str:
    """Return the style sheet of the buttons."""
    return (WEB / "zoom.css").read_text(encoding="utf-8")
