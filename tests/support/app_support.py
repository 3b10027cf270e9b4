"""What the tests share that drive the app without a browser."""

import io

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.paths import ROOT

PANELS = (
    "Picture",
    "Super token attention, outgoing",
    "Super token attention, incoming",
    "Global attention, outgoing",
    "Local attention, outgoing",
    "Association",
)


def opened(**address: str) -> AppTest:
    """Open the app at an address; Explore shows its figures, because only a browser can draw what is live."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params.update({"way": "Figures"} | address)
    return app.run()


def opened_sidebar(**address: str) -> AppTest:
    """Open the sidebar alone, which is faster; `session_state["view"]` is what pages would show."""
    app = AppTest.from_string("from ui.sidebar.choose import choose_view\n\nchoose_view()", default_timeout=300)
    app.query_params.update(address)
    return app.run()


def texts(app: AppTest) -> str:
    """Return all that is written on the page."""
    groups = (app.markdown, app.caption, app.info, app.warning, app.error, app.get("html"))
    return "\n".join(str(getattr(element, "value", None) or element.proto) for group in groups for element in group)


def check_fine(app: AppTest) -> None:
    assert not app.exception, [error.value for error in app.exception]
    assert not app.error, [error.value for error in app.error]


def jpeg(height: int = 200, width: int = 300) -> bytes:
    """Return a picture file made on the spot."""
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG")
    return buffer.getvalue()
