"""The sidebar: picture, model, resolution, prediction. It sets what every page looks at."""

from collections.abc import Sequence

import streamlit as st
import torch

from stvit.images import RGBImage
from stvit.sample_images import sample_images
from ui.captures import look, sample_picture, uploaded_picture
from ui.models import RANDOM, TITLES, UPLOAD, from_upload, pretrained_model, random_model, weight_choices
from ui.view import Framing, ModelHandle, View, set_view

SIZES = (224, 288, 384, 512, 768, 1024)
FRAMINGS: dict[Framing, str] = {"crop": "Centre crop", "whole": "Whole picture"}
PICTURE_TYPES = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif"]
WEIGHT_TYPES = ["safetensors", "pth", "pt"]
SHOWN_CLASSES = 3
FEW_CLASSES = 20
"""A model with so few classes is wrong about most pictures, so the app lists what it knows."""


def choose_view() -> None:
    """Draw the sidebar and make its choice the current view."""
    with st.sidebar:
        image = _choose_picture()
        handle = _choose_model()
        size, framing = _choose_size()
        view = _look_or_fall_back(image, handle, size, framing)
        _show_state(view)
    set_view(view)


def _choose_picture() -> RGBImage:
    st.subheader("Picture")
    name = st.selectbox("Sample", list(sample_images()), format_func=str.capitalize, key="sample", bind="query-params")
    upload = st.file_uploader(
        "or your own", type=PICTURE_TYPES, key="upload", max_upload_size=64, help="PNG, JPEG, WebP, TIFF, BMP, GIF"
    )
    if upload is None:
        return sample_picture(name)
    try:
        return uploaded_picture(upload.name, upload.getvalue())
    except ValueError as error:
        st.error(f"{upload.name}: {error} The sample stays in its place.", icon=":material/broken_image:")
        return sample_picture(name)


def _choose_model() -> ModelHandle:
    st.subheader("Model")
    variant = st.selectbox("Variant", list(TITLES), format_func=TITLES.__getitem__, key="variant", bind="query-params")
    choices = weight_choices(variant)
    key = st.selectbox("Weights", list(choices), format_func=choices.__getitem__, key=f"weights_{variant}")
    if key == UPLOAD:
        return _uploaded_model(variant)
    return random_model(variant) if key == RANDOM else pretrained_model(key, choices[key])


def _uploaded_model(variant: str) -> ModelHandle:
    upload = st.file_uploader("Weights file", type=WEIGHT_TYPES, key="weights_file", help="Ours or as released")
    if upload is None:
        st.caption("Until a file is chosen, the weights are random.")
        return random_model(variant)
    try:
        return from_upload(upload.name, upload.getvalue())
    except ValueError as error:
        st.error(f"{upload.name}: {error} The weights stay random.", icon=":material/error:")
        return random_model(variant)


def _choose_size() -> tuple[int, Framing]:
    size = st.selectbox("Resolution", SIZES, format_func=lambda side: f"{side} px", key="size", bind="query-params")
    framing = st.segmented_control(
        "Framing", list(FRAMINGS), format_func=FRAMINGS.__getitem__, default="crop", required=True, key="framing",
        bind="query-params",
        help="The published centre crop, or the whole picture with its aspect ratio.",
    )  # fmt: skip
    return size, framing


def _look_or_fall_back(image: RGBImage, handle: ModelHandle, size: int, framing: Framing) -> View:
    """Look at the picture; if it does not work at this size, say so and show the first sample at 224 px."""
    try:
        return look(image, handle, size, framing)
    except (ValueError, MemoryError) as error:
        st.error(f"{error} A sample at {SIZES[0]} px is shown instead.", icon=":material/error:")
        return look(sample_picture(next(iter(sample_images()))), handle, SIZES[0], "crop")


def _show_state(view: View) -> None:
    if not view.handle.trained:
        st.warning("Random weights: pictures show the mechanism, not a trained model.", icon=":material/casino:")
    elif view.capture.logits.shape[1]:
        _show_prediction(view.capture.logits[0], view.handle.model.class_names)
    st.badge(
        f"Replay-verified: error {view.replay_error:.0e}" if view.replay_error <= 1e-5 else "Replay failed",
        icon=":material/verified:" if view.replay_error <= 1e-5 else ":material/error:",
        color="green" if view.replay_error <= 1e-5 else "red",
        help="Every block was computed again from its captured factors, Q proj(A(S) Q-hat^T (X W + b)); this is the "
        "largest difference from what the model really put out.",
    )


def _show_prediction(logits: torch.Tensor, class_names: Sequence[str] | None) -> None:
    st.subheader("Prediction")
    top = logits.softmax(-1).topk(min(SHOWN_CLASSES, len(logits)))
    for probability, index in zip(top.values.tolist(), top.indices.tolist(), strict=True):
        name = class_names[index] if class_names else f"class {index}"
        st.progress(probability, text=f"{name}: {probability:.1%}")
    if class_names and len(class_names) <= FEW_CLASSES:
        st.caption(f"It knows {len(class_names)} classes only.", help=", ".join(class_names))
