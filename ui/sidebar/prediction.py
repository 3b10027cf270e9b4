"""What the sidebar says about the run: prediction, warnings, and whether the capture can be trusted."""

from collections.abc import Sequence

import streamlit as st
import torch

from analysis.figures.numbers import percent, significant
from stvit import Capture
from stvit.capturing.faithfulness import precision_of, replay_tolerance
from stvit.error_text import counted
from ui.markdown import escaped
from ui.panels.running import replay_error
from ui.view.view import View

SHOWN_CLASSES = 3
FEW_CLASSES = 20
"""A model with so few classes is wrong about most pictures, so the app lists what it knows."""


def show_state(view: View) -> None:
    """Draw the prediction and the badge of a view."""
    run = view.run()
    if not run.finite:
        st.warning("There is no prediction: the output is not finite.", icon=":material/error:")
        return
    if not view.handle.trained:
        st.warning("Random weights: pictures show the mechanism, not a trained model.", icon=":material/casino:")
    elif run.capture.logits.shape[1]:
        _show_prediction(run.capture.logits[0], view.handle.class_names)
    if isinstance(run.capture, Capture):
        _show_badge(view, run.capture)
    else:
        st.caption("The attention of a backbone follows from its queries and keys; it is not replayed.")


def _show_badge(view: View, capture: Capture) -> None:
    """Draw whether the capture was verified; above the offer to do so where that takes long."""
    place = st.empty()
    place.badge(
        "Not verified yet",
        icon=":material/pending:",
        color="gray",
        help="Every block can be computed again from its captured factors and compared with what the model put out. "
        "That takes long at this size, so it is done when you ask for it.",
    )
    error = replay_error(view)
    if error is None:
        return
    tolerance, precision = replay_tolerance(capture), precision_of(capture)
    faithful = error <= tolerance
    place.badge(
        f"Replay-verified: error {significant(error, 1)}" if faithful else "Replay failed",
        icon=":material/verified:" if faithful else ":material/error:",
        color="green" if faithful else "red",
        help="Every block was computed again from its captured factors, Q proj(A(S) Q-hat^T (X W + b)); this is the "
        "largest difference from what the model actually put out. "
        f"Rounding in {precision} explains up to {significant(tolerance, 1)}.",
    )


def _show_prediction(logits: torch.Tensor, class_names: Sequence[str]) -> None:
    st.subheader("Prediction")
    top = logits.double().softmax(-1).topk(min(SHOWN_CLASSES, len(logits)))
    for probability, index in zip(top.values.tolist(), top.indices.tolist(), strict=True):
        name = escaped(class_names[index]) if class_names else f"class {index}"
        st.progress(min(probability, 1.0), text=f"{name}: {percent(probability)}")
    if class_names and len(class_names) <= FEW_CLASSES:
        known = ", ".join(escaped(name) for name in class_names)
        st.caption(f"It knows {counted(len(class_names), 'class', 'classes')} only.", help=known)
