"""The explorer as one HTML file: same JavaScript, payloads inside, opens without a server or a network."""

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from jaxtyping import UInt8

from analysis.figures.canvas import Anchor
from analysis.one_token.region import DEFAULT_REGION, Region, segment_labels
from stvit import BlockId, Capture
from ui.explorer.block_payload import block_payload
from ui.explorer.bundle import script, style
from ui.explorer.look import DEFAULT_LOOK, Look
from ui.explorer.scene_payload import block_name, scene_payload, segments_name
from ui.explorer.segments_payload import segments_payload
from ui.zoom.part import WHOLE, Part

SCENE = "scene"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --st-primary-color: #0072b2; }}
@media (prefers-color-scheme: dark) {{
  :root {{
    --st-text-color: #fafafa; --st-background-color: #0e1117; --st-secondary-background-color: #262730;
    --st-border-color: #454751; --st-primary-color: #56b4e9;
  }}
}}
body {{ margin: 0; background: var(--st-background-color, #fff); color: var(--st-text-color, #31333f); }}
main {{ max-width: 2400px; margin: 0 auto; padding: 1.25rem clamp(0.75rem, 3vw, 3rem) 2rem; }}
h1 {{ font: 600 1.5rem/1.3 system-ui, sans-serif; margin: 0 0 1rem; }}
{style}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<div class="explorer" id="explorer"></div>
<noscript>This page needs JavaScript: it multiplies the attention's factors as you point.</noscript>
</main>
<script type="module">
{script}
mountAlone(document.getElementById("explorer"), {payloads}, {control});
</script>
</body>
</html>
"""


def standalone_html(
    capture: Capture,
    shown: UInt8[np.ndarray, "height width 3"],
    blocks: Sequence[BlockId],
    *,
    anchor: Anchor,
    head: int | None = None,
    look: Look = DEFAULT_LOOK,
    region: Region = DEFAULT_REGION,
    part: Part = WHOLE,
    title: str = "STViT from inside",
    alt: str = "The picture",
    image: int = 0,
) -> str:
    """Return a page that shows the explorer for some blocks of one image.

    The filmstrip shows all captured blocks; those that are not among `blocks` cannot be opened.

    Args:
        capture: A run of the model.
        shown: The picture as the model saw it, RGB.
        blocks: Blocks to include, at least one; the first is shown first.
        anchor: Token of the first block to pin.
        head: Head to show first, None for the mean over heads.
        look: How attention is shown first.
        region: What the anchor is at first: the token, or a region around it.
        part: Of the picture that all panels show at first.
        title: Heading of the page.
        alt: What the picture shows, for people who do not see it.
        image: Which image of the batch.

    Raises:
        ValueError: If no block is given.
        KeyError: If a block was not captured.
        IndexError: If the batch has no such image.
    """
    if not blocks:
        raise ValueError("A page needs at least one block to show, got none.")
    payloads = [scene_payload(capture, shown, name=SCENE, alt=alt, image=image)]
    for block in blocks:
        name = block_name(SCENE, *block)
        payloads.append(block_payload(capture[block], block.stride, name=name, image=image))
    payloads.append(segments_payload(segments_name(SCENE), segment_labels(list(capture.values()), shown)))
    first = {"stage": blocks[0].stage, "block": blocks[0].block, "head": head}
    place = {"row": anchor.row, "column": anchor.column, "region": asdict(region)}
    how = {"look": asdict(look), "part": asdict(part)}
    return PAGE.format(
        title=html.escape(title),
        style=style(),
        script=script(),
        payloads=json.dumps([base64.b64encode(payload).decode() for payload in payloads]),
        control=json.dumps({"scene": SCENE, "sequence": 0} | first | place | how),
    )
