"""Layers: entropy and reach of the attention, block by block, with super tokens and without."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from analysis.attention_sources import RowSource
from analysis.baselines import global_attention
from analysis.figures.depth import metric_by_depth
from analysis.redundancy import per_token
from analysis.uniform import uniform_distance, uniform_entropy
from stvit import BlockId, BlockRecord
from ui.view import View, current_view

METRICS = {
    "entropy": ("Entropy", "nats", "How spread out the attention of a token is; the largest possible is log N."),
    "distance": ("Attention distance", "px", "How far away a token looks on average, in pixels of the picture."),
    "mass": ("Mass kept", "of 1", "What a row sums to: 1 - leakage to phantoms and padding."),
}

Means = dict[str, list[float]]
"""By metric, the mean over tokens of each head."""


def show() -> None:
    """Draw the page."""
    view = current_view()
    st.caption(
        f"{view.handle.title} · means over all tokens of the picture · dots are heads · stages 3 and 4 have no super "
        "tokens, so both lines meet there · values are conditional on the mass kept"
    )
    measured = _measure_all(view)
    uniform = _uniform_values(view)
    for name, (title, unit, explanation) in METRICS.items():
        series = {kind: [measured[block][kind][name] for block in measured] for kind in ("global", "super")}
        st.markdown(f"**{title}**", help=explanation)
        st.plotly_chart(
            metric_by_depth(list(measured), series, title=title, unit=unit, uniform=uniform.get(name)),
            key=f"depth_{name}",
        )


def _uniform_values(view: View) -> dict[str, list[float]]:
    """Return what uniform attention would have in each block, by metric."""
    stride, records = view.picture.framing.stride, list(view.capture.values())
    return {
        "entropy": [uniform_entropy(record.grid) for record in records],
        "distance": [uniform_distance(record.grid, stride(record.grid)) for record in records],
    }


def _measure_all(view: View) -> dict[BlockId, Mapping[str, Means]]:
    """Measure every block, with a bar that shows how far it is."""
    bar = st.progress(0.0, text="Measuring ...")
    measured: dict[BlockId, Mapping[str, Means]] = {}
    for done, (block, record) in enumerate(view.capture.items(), start=1):
        measured[block] = _measure(view.key, block, view.picture.framing.stride(record.grid), record)
        bar.progress(done / len(view.capture), text=f"Measured {block.caption}")
    bar.empty()
    return measured


@st.cache_data(max_entries=256, show_spinner=False)
def _measure(view_key: str, block: BlockId, stride: int, _record: BlockRecord) -> dict[str, Means]:
    """Return the means over tokens, by kind of attention, metric and head; the key names all that matters."""
    sources: dict[str, RowSource] = {"super": _record.token_attention(), "global": global_attention(_record)}
    return {
        kind: {
            name: np.mean(values, axis=1).tolist() for name, values in per_token(source, _record.grid, stride).items()
        }
        for kind, source in sources.items()
    }


show()
