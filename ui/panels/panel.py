"""What panels have in common: a heading, a chart, a slot, and the line that says what is shown."""

import re
from collections.abc import Callable
from typing import Literal

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.figures.screen.pictures import BAR_SPACE, PANEL_WIDTH
from stvit.foreign_text import plain
from ui.glossary import marked
from ui.markdown import in_html, unbroken
from ui.panels.chart_style import style
from ui.panels.picture_clicks import OnPixel, take_clicks
from ui.tray.pinning import describe, pin_button, pin_chart
from ui.view.view import View

LONGEST_CAPTION_PART = 200

_FRAME = ":is([class*=st-key-pinnable_], [class*=st-key-picture_])"

STYLE = f"""<style>
[class*=st-key-slots_] {{
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, max({PANEL_WIDTH}px, 22%)), 1fr));
  gap: 1.2rem 1.6rem}}
[class*=st-key-slots_] > [data-testid=stLayoutWrapper],
[class*=st-key-slots_] > [data-testid=stLayoutWrapper] > .stVerticalBlock {{width: 100%}}
[class*=st-key-picture_] {{position: relative; flex: none; box-sizing: content-box; width: 100%; height: auto;
  max-width: calc(var(--tallest, 60vh) / var(--ratio)); aspect-ratio: 1 / var(--ratio); padding-bottom: {BAR_SPACE}px}}
[class*=st-key-picture_] > .stElementContainer {{position: absolute; inset: 0; height: 100%}}
{_FRAME} > .stElementContainer:not(:first-child, [class*=st-key-]) {{
  position: absolute; inset: auto auto 0 0; width: auto; height: auto; z-index: 5}}
{_FRAME} > [class*=st-key-clicks_] {{height: 0}}
.save-chart {{font: inherit; font-size: .8rem; padding: .1rem .3rem; border: 0; border-radius: .3rem; background: none;
  color: inherit; opacity: .7; cursor: pointer}}
.save-chart:is(:hover, :focus-visible) {{opacity: 1; text-decoration: underline}}
</style>"""
"""Pictures share the width of the window, each as high as its width asks for, none higher than the window.

The button that saves a chart, the one thing in its frame without a key, lies in its lower left corner, which axes and
colour bars leave free, as that which pins it lies in the right one.
"""

ZOOM = {
    "scrollZoom": True,  # with Ctrl alone: ui/browser/web/charts.js gives the wheel itself to the page
    "showAxisDragHandles": False,
    "modeBarButtonsToRemove": ["zoom2d", "pan2d", "autoScale2d", "toImage"],
    "displaylogo": False,
}
"""Of Plotly's tools, those that zoom a picture."""

NO_BUTTONS = {"displayModeBar": False}
"""Of other charts, and of a picture that takes clicks, which buttons over it would hide."""


def heading(title: str, colour: str, note: str = "") -> None:
    """Draw a panel's heading: a dot in the colour of what is shown, a title, a line of figures.

    Title and note may hold foreign names.
    """
    shown = in_html(note, LONGEST_CAPTION_PART)
    below = f'<div style="opacity:.7;font-size:.85rem">{shown}</div>' if note else ""
    st.html(
        f"""<div style="line-height:1.35">
        <span style="color:{colour}" aria-hidden="true">&#9679;</span> <strong>{in_html(title)}</strong>
        {below}</div>"""
    )


def chart(
    figure: go.Figure,
    key: str,
    title: str = "",
    *,
    fills_width: bool = False,
    on_select: Callable[[], None] | None = None,
    on_pixel: OnPixel | None = None,
    can_be_pinned: bool = True,
) -> None:
    """Draw a figure, with the buttons that save it alone as SVG and that pin it.

    Args:
        figure: Already has its final width, unless it fills its container, as pictures do; a picture can be zoomed.
        key: Name of the chart in the session.
        title: What it is called where it stands alone; by default its key.
        fills_width: Whether it is as wide as its container.
        on_select: Called when points are clicked, before the page runs again.
        on_pixel: The same for a picture, with the place of the click in its pixels, from the top and from the left.
        can_be_pinned: Whether it can be kept; what merely takes clicks, or is a snapshot itself, cannot.
    """
    style(figure)
    over_picture = bool(figure.layout.images)
    width: Literal["stretch", "content"] = "stretch" if fills_width or over_picture else "content"
    name = title or key.replace("_", " ").capitalize()
    if not over_picture:
        _keep_height(key, figure.layout.height)
    with _frame_of(figure, key) if over_picture else st.container(key=f"pinnable_{key}", width=width, gap=None):
        st.plotly_chart(
            figure,
            key=key,
            width=width,
            height="stretch" if over_picture else "content",
            on_select=on_select or "ignore",
            selection_mode="points",
            config=(ZOOM if over_picture else {}) | ({} if over_picture and not on_pixel else NO_BUTTONS),
            alt=_alt(figure),
            theme=None,
        )
        st.html(_save_button(name))
        if on_pixel:
            image = figure.layout.images[0]
            take_clicks(f"clicks_{key}", (image.sizey, image.sizex), on_pixel)
        if can_be_pinned and pin_button(key):
            pin_chart(figure, name)


def _save_button(name: str) -> str:
    """Return the button by which a chart is saved alone, as a file of this name (`ui/browser/web/save.js`)."""
    safe = re.sub(r"\W+", "-", name).strip("-")
    title = f"Save this chart alone, in dark ink for a white page: {safe}.svg"
    return f'<button type="button" class="save-chart" data-file="{safe}" title="{title}">SVG</button>'


def _frame_of(figure: go.Figure, key: str) -> DeltaGenerator:
    """Return the container of a figure over a picture, which is as high as its width asks for."""
    ratio = (figure.layout.height - BAR_SPACE) / figure.layout.width
    name = f"picture_{key}"
    st.html(f"<style>.{_class_of(name)} {{--ratio: {ratio:.4f}}}</style>")
    return st.container(key=name)


def _keep_height(key: str, height: int | None) -> None:
    """Keep the place of a chart until the browser has loaded what draws it."""
    if height:
        st.html(f"<style>.{_class_of(key)} {{min-height: {height}px}}</style>")


def _class_of(key: str) -> str:
    """Return the class that Streamlit gives to what has a key.

    Example:
        >>> _class_of("panel_Super token attention, outgoing")
        'st-key-panel_Super-token-attention--outgoing'
    """
    return "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key.strip())


def _alt(figure: go.Figure) -> str:
    """Return what screen readers say of a figure: what its axes or its colours stand for."""
    layout = figure.layout
    axes = [axis.title.text for axis in (layout.yaxis, layout.xaxis) if axis.title.text]
    bars = [trace.colorbar.title.text for trace in figure.data if "colorbar" in trace and trace.colorbar.title.text]
    return " against ".join(axes) or ", ".join(bars) or ("Picture" if layout.images else "Chart")


def slots(name: str, gap: Literal["small", "medium"] = "medium") -> DeltaGenerator:
    """Return a container whose slots flow into as many columns as there is room for and share the width."""
    return st.container(key=f"slots_{name}", horizontal=True, gap=gap)


def slot() -> DeltaGenerator:
    """Return a container for one panel."""
    return st.container(width=PANEL_WIDTH)


def caption(view: View, *parts: str) -> None:
    """Say in one line what is shown: model, picture and the resolution that is used, then the parts; no Markdown.

    Terms in the parts show their meanings.
    """
    model, name, size = subject(view)
    told = [size, *filter(None, parts)]
    describe(" · ".join([model, name, *told]))
    said = marked(unbroken(" · ".join(plain(part, LONGEST_CAPTION_PART) for part in told)))
    st.html(f'<p class="caption">{" · ".join([in_html(model), in_html(name), said])}</p>')


def subject(view: View) -> list[str]:
    """Return model, picture and the resolution that is used."""
    height, width = view.picture.shown.shape[:2]
    return [view.handle.title, view.picture.source.name, f"{width} × {height} px"]


def note(text: str) -> None:
    """Say something below what is shown, as a caption whose terms have their meanings; no Markdown."""
    st.html(f'<p class="caption">{marked(unbroken(text))}</p>')
