"""What the tests share that drive the app without a browser."""

import html
import io
import json
import re
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from tests.support.paths import ROOT

# Each AppTest would read the metadata of all installed packages again, which takes longer than many a page.
patch.object(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)).start()

PANELS = (
    "Picture",
    "Super token attention, outgoing",
    "Super token attention, incoming",
    "Global attention, outgoing",
    "Local attention, outgoing",
    "Association",
)


SIDEBAR = """
import streamlit as st
from ui.address import Link
from ui.sidebar.choose import choose
from ui.sidebar.prediction import show_state
from ui.sidebar.run import run_or_fall_back

with st.sidebar:
    choice, verdict = choose(Link.of_session())
with verdict:
    assert choice is not None
    st.session_state["view"] = run_or_fall_back(choice)
    show_state(st.session_state["view"])
"""


def app_at(**address: str) -> AppTest:
    """Return the app at an address, before its first run.

    Explore shows its figures, because only a browser can draw what is live.
    """
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params.update({"mode": "Figures"} | address)
    return app


def opened(page: str = "explore", **address: str) -> AppTest:
    """Open a page of the app at an address."""
    return go_to(app_at(**address), page)


def go_to(app: AppTest, page: str) -> AppTest:
    """Go to a page by the name in its address, and run it; `AppTest.switch_page` knows pages that are files only."""
    app._page_hash = calc_hash(page)
    return app.run()


def opened_sidebar(**address: str) -> AppTest:
    """Open the sidebar alone, which is faster; `session_state["view"]` is what pages would show."""
    app = AppTest.from_string(SIDEBAR, default_timeout=300)
    app.query_params.update(address)
    return app.run()


def texts(app: AppTest) -> str:
    """Return all that is written on the page, terms as they are read."""
    groups = (app.markdown, app.caption, app.info, app.warning, app.error)
    written = [str(element.value) for group in groups for element in group]
    return "\n".join(written + [_read(element.proto.body) for element in app.get("html")])


def answer_of(app: AppTest) -> str:
    """Return question and answer of the page as they are read."""
    (answer,) = [each.proto.body for each in app.get("html") if each.proto.body.startswith('<p class="answer">')]
    return re.sub("<[^>]+>", "", _read(answer))


def _read(body: str) -> str:
    """Return HTML without marks around terms, character references and spaces that keep words together."""
    return html.unescape(re.sub(r'<span class="term"[^>]*>(.*?)</span>', r"\1", body)).replace("\u00a0", " ")


def panels_of(app: AppTest) -> dict[str, Any]:
    """Return what the linked panels of groupings are sent."""
    mounts = [each.proto for each in app.get("bidi_component")]
    (panels,) = [mount for mount in mounts if mount.component_name == "stvit_group_panels"]
    return json.loads(panels.json)


def check_fine(app: AppTest) -> None:
    assert not app.exception, [error.value for error in app.exception]
    assert not app.error, [error.value for error in app.error]
    exports = exports_of(app)
    assert len(set(exports)) == len(exports), f"which of them is which? {exports}"


def exports_of(app: AppTest) -> list[str]:
    """Return the words of the buttons that open an export."""
    labels = [popover.proto.popover.label for popover in app.get("popover")]
    return [label for label in labels if label.startswith("Export")]


def jpeg(height: int = 200, width: int = 300) -> bytes:
    """Return a picture file made on the spot."""
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG")
    return buffer.getvalue()
