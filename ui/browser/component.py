"""The browser's part of the app as a Streamlit component without a window of its own."""

from pathlib import Path

import streamlit as st

from ui import keys
from ui.explorer.bundle import joined

WEB = Path(__file__).parent / "web"

CHARTS = next((path.name for path in (Path(st.__file__).parent / "static/static/js").glob("PlotlyChart.*.js")), None)
"""The script of Streamlit's that draws charts, None where a version of it has none of that name."""


def _module() -> str:
    modules = {path.stem: path.read_text(encoding="utf-8") for path in sorted(WEB.glob("*.js"))}
    return joined(modules) + "\nexport default mountBrowser;\n"


_mount = st.components.v2.component("stvit_browser", css=(WEB / "browser.css").read_text("utf-8"), js=_module())
_mount_tab = st.components.v2.component(
    "stvit_tab", js=joined({"tab": (WEB / "tab.js").read_text(encoding="utf-8")}) + "\nexport default mountTab;\n"
)


def mount_browser(wants_tab: bool, choice: str | None, stays: bool) -> None:
    """Draw the button that copies the link, and start what listens to the whole page.

    Args:
        wants_tab: Whether the name of the tab is needed, which costs one more run of the script.
        choice: Changes whenever something else is chosen in the sidebar; None as long as nothing can be.
        stays: Whether the sidebar stays open on a phone all the same, since there is more to choose.
    """
    _mount(
        key=keys.BROWSER,
        data={"wants_tab": wants_tab, "choice": choice, "stays": stays, "charts": CHARTS},
        on_tab_change=lambda: None,
    )


def ask_for_tab() -> None:
    """Ask the browser for the name of this tab, below all that was drawn; it costs one more run of the script."""
    _mount_tab(key=keys.TAB, on_tab_change=lambda: None)


def tab_name() -> str | None:
    """Return the name by which this tab is known again after a reload, None as long as it has not been asked for."""
    told = [(st.session_state.get(key) or {}).get("tab") for key in (keys.BROWSER, keys.TAB)]
    return next((name for name in told if isinstance(name, str) and name), None)
