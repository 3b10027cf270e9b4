"""All pins as one HTML page that opens without a server or a network: Plotly is inlined once."""

from collections.abc import Sequence
from html import escape

from plotly.offline import get_plotlyjs

from ui.tray.pins import Pin

_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""The page asks nobody for anything, whatever a name in it says."""

_STYLE = """
:root {color-scheme: light}
body {margin: 2rem auto; max-width: 90rem; padding: 0 1rem; font: 1rem/1.4 system-ui, sans-serif; color: #1f2328}
main {display: flex; flex-wrap: wrap; gap: 1.25rem; align-items: flex-start}
figure {margin: 0; padding: 1rem; border: 1px solid #d0d7de; border-radius: .5rem; max-width: calc(100% - 2rem)}
h2 {font-size: 1rem; margin: 0 0 .5rem}
img {max-width: min(100%, 60rem); height: auto}
.plot {min-width: min(18rem, 100%); overflow-x: auto}
.wide {width: 34rem; max-width: 100%}
.words {width: 34rem; max-width: 100%}
figcaption, h2, .words {contain: inline-size}
figcaption {color: #57606a; font-size: .85rem; overflow-wrap: anywhere}
"""

_DRAW = """
for (const place of document.querySelectorAll(".plot")) {
  const { data, layout } = JSON.parse(place.querySelector("script").textContent);
  place.classList.toggle("wide", !layout.width);
  for (const [name, axis] of Object.entries(layout)) {
    if (name.startsWith("xaxis") && !layout.width) axis.automargin = true; // the app's leave no room
  }
  const target = document.createElement("div");
  place.append(target);
  Plotly.newPlot(target, data, layout, {
    displaylogo: false,
    responsive: !layout.width,
    toImageButtonOptions: { format: "svg" },
  });
}
"""

TITLE = "Snapshots · STViT from inside"


def as_page(pins: Sequence[Pin]) -> str:
    """Return the page, in the order of the pins."""
    library = f"<script>{get_plotlyjs()}</script>" if any(pin.figure for pin in pins) else ""
    figures = "\n".join(map(_figure, pins))
    draw = f"<script>{_DRAW}</script>" if library else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{TITLE}</title>
<style>{_STYLE}</style>
{library}
</head>
<body>
<h1>Snapshots</h1>
<main>
{figures}
</main>
{draw}
</body>
</html>
"""


def _figure(pin: Pin) -> str:
    link = f'<a href="{escape(pin.address)}">{escape(pin.page)}</a>'
    caption = f"<figcaption>{escape(pin.caption)} · {link}</figcaption>"
    return f"<figure><h2>{escape(pin.title)}</h2>{_content(pin)}{caption}</figure>"


def _content(pin: Pin) -> str:
    if pin.figure:
        told = pin.figure.replace("<", "\\u003c")  # so that no text in it ends the script
        return f'<div class="plot"><script type="application/json">{told}</script></div>'
    if pin.picture:
        return f'<img src="{escape(pin.picture)}" alt="{escape(pin.title)}">'
    return f'<p class="words">{escape(pin.words)}</p>'
