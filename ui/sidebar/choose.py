"""The sidebar: picture, model, resolution, device, prediction. It sets what every page looks at."""

import streamlit as st

from stvit.images import RGBImage
from stvit.images.samples import sample_images
from ui.address import mend, nearest_number, open_link
from ui.markdown import plain
from ui.sidebar.gallery import Item, choose_picture, thumbnail
from ui.sidebar.prediction import show_state
from ui.sidebar.uploads import OwnPictures, upload_pictures
from ui.view.devices import CPU, Device, choose_device
from ui.view.models import RANDOM, TITLES, UPLOAD, from_upload, pretrained_model, random_model, weight_choices
from ui.view.runs import look, sample_picture
from ui.view.view import Framing, ModelHandle, View, set_view

SIZES = (224, 288, 384, 512, 768, 1024)
FRAMINGS: dict[Framing, str] = {"crop": "Centre crop", "whole": "Whole picture"}
WEIGHT_TYPES = ["safetensors", "pth", "pt"]

SAMPLES, OWN = "samples", "own"


def choose_view() -> View:
    """Draw the sidebar, make its choice the current view and return it."""
    open_link()
    with st.sidebar:
        image = _choose_picture()
        handle = _choose_model()
        size, framing = _choose_size()
        device = choose_device()
        view = _look_or_fall_back(image, handle, size, framing, device)
        show_state(view)
    set_view(view)
    return view


def _choose_picture() -> RGBImage:
    st.subheader("Picture")
    galleries = st.container()  # above the uploader on the page, but drawn after it, when it is known what came
    own = upload_pictures()
    with galleries:
        if own.files and _choose_gallery(own) == OWN:
            return own.picture(_choose_own(own))
        return sample_picture(_choose_sample())


def _choose_gallery(own: OwnPictures) -> str:
    """Draw the switch between samples and own pictures; it goes to a picture that has just come."""
    if own.newest:
        st.session_state.update(gallery=OWN, own=own.newest)
    titles = {SAMPLES: "Samples", OWN: f"Yours ({len(own.files)})"}
    chosen = st.segmented_control(
        "Pictures to choose from", list(titles), format_func=titles.__getitem__, default=OWN, required=True,
        key="gallery", label_visibility="collapsed", width="stretch",
    )  # fmt: skip
    return chosen or OWN


def _choose_own(own: OwnPictures) -> str:
    if st.session_state.get("own") not in own.items:
        st.session_state["own"] = next(iter(own.items))
    return choose_picture("Your picture", own.items, key="own")


def _choose_sample() -> str:
    items = {name: Item(name.capitalize(), thumbnail(sample_picture(name))) for name in sample_images()}
    mend("sample", "picture", {name: item.title for name, item in items.items()})
    return choose_picture("Sample picture", items, key="sample", bind="query-params")


def _choose_model() -> ModelHandle:
    st.subheader("Model")
    mend("variant", "variant", TITLES)
    variant = st.selectbox("Variant", list(TITLES), format_func=TITLES.__getitem__, key="variant", bind="query-params")
    key = _choose_weights(variant)
    if key == UPLOAD:
        return _uploaded_model(variant)
    return random_model(variant) if key == RANDOM else pretrained_model(key)


def _choose_weights(variant: str) -> str:
    choices = weight_choices(variant)
    in_links = {key: label for key, label in choices.items() if key != UPLOAD}
    mended = mend("weights", f"weights of {TITLES[variant]}", in_links, why="not on this machine")
    if mended:  # else Streamlit would obey a link to an uploaded file
        choices = in_links
    if st.session_state.get("weights", next(iter(choices))) not in choices:  # those of another variant
        st.session_state["weights"] = next(iter(choices))
    weights = st.selectbox(
        "Weights", list(choices), format_func=choices.__getitem__, key="weights", bind="query-params"
    )
    if mended:
        st.rerun()  # with all choices
    return weights


def _uploaded_model(variant: str) -> ModelHandle:
    upload = st.file_uploader("Weights file", type=WEIGHT_TYPES, key="weights_file", help="Ours or as released")
    if upload is None:
        st.caption("Until a file is chosen, the weights are random.")
        return random_model(variant)
    try:
        return from_upload(upload.name, upload.getvalue())
    except ValueError as error:
        st.error(f"{plain(upload.name)}: {error} The weights stay random.", icon=":material/error:")
        return random_model(variant)


def _choose_size() -> tuple[int, Framing]:
    sizes = {side: f"{side} px" for side in SIZES}
    mend("size", "resolution", sizes, lambda asked: nearest_number(asked, sizes, default=SIZES[0]))
    size = st.selectbox("Resolution", SIZES, format_func=sizes.__getitem__, key="size", bind="query-params")
    mend("framing", "framing", FRAMINGS)
    framing = st.segmented_control(
        "Framing", list(FRAMINGS), format_func=FRAMINGS.__getitem__, default="crop", required=True, key="framing",
        bind="query-params",
        help="The published centre crop, or the whole picture with its aspect ratio.",
    )  # fmt: skip
    return size, framing


def _look_or_fall_back(image: RGBImage, handle: ModelHandle, size: int, framing: Framing, device: Device) -> View:
    """Look at the picture; if it does not work so, say so and show it on the CPU, or a sample at 224 px."""
    try:
        return look(image, handle, size, framing, device.name)
    except (ValueError, MemoryError) as error:
        st.error(f"{error} A sample at {SIZES[0]} px is shown instead.", icon=":material/error:")
        return look(sample_picture(next(iter(sample_images()))), handle, SIZES[0], "crop")
    except RuntimeError as error:
        if device.name == CPU:
            raise
        reason = plain(str(error).partition("\n")[0])
        st.error(f"{device.title} gave up ({reason}); the CPU did it instead.", icon=":material/memory:")
        return look(image, handle, size, framing)
