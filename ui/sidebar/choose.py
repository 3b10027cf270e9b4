"""The sidebar: picture, model, resolution, device."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from stvit.images.samples import CREDITS, KNOWN_TO_DEMO, sample_images
from stvit.variants import VARIANTS
from ui import keys
from ui.address import Link, nearest_number
from ui.browser.component import mount_browser
from ui.failures import LONGEST_SENTENCE, said
from ui.markdown import escaped
from ui.sidebar.backbone_choice import BACKBONE, TITLE, choose_backbone
from ui.sidebar.gallery import Item, choose_picture, thumbnail
from ui.sidebar.precision_choice import choose_precision
from ui.sidebar.uploads import OwnPictures, own_pictures, remove_files, upload_pictures
from ui.sidebar.wanted import find_wanted, keep_uploads, name_in_link, wanted_digest
from ui.view.devices import Device, choose_device
from ui.view.models import RANDOM, UPLOAD, from_upload, pretrained_model, random_model, variant_of, weight_choices
from ui.view.runs import sample, sample_picture
from ui.view.view import Framing, ModelHandle, Picture

SIZES = (224, 288, 384, 512, 768, 1024)
FRAMINGS: dict[Framing, str] = {"crop": "Centre crop", "whole": "Whole picture"}
WEIGHT_TYPES = ["safetensors", "pth", "pt"]

SAMPLES, OWN = "samples", "own"

OWN_SIZE = 0
"""Stands for the size in a backbone's own file."""


@dataclass(frozen=True)
class Choice:
    """What a person chose to see.

    Attributes:
        picture: The picture.
        handle: The model.
        size: Resolution, in px; None for that of a backbone's own file.
        framing: How the picture is laid before the model.
        device: Where the model is to run.
    """

    picture: Picture
    handle: ModelHandle
    size: int | None
    framing: Framing
    device: Device

    @property
    def key(self) -> tuple[str, ...]:
        """A key made of everything that changes what is seen."""
        picture = self.picture
        return (picture.sha256, picture.name, self.handle.digest, str(self.size), self.framing, self.device.name)


def choose(link: Link) -> tuple[Choice | None, DeltaGenerator]:
    """Draw the controls of the sidebar.

    Returns:
        What was chosen, None while the link's picture is still to be given, and the place below the picture for its
        verdict.
    """
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Picture")
        browser = st.container(width="content")
    picture = _choose_picture(link)
    verdict = st.container()
    handle = _choose_model(link)
    size, framing = _choose_size(link, handle)
    device = choose_device()
    handle = choose_precision(link, handle, size, device)
    choice = Choice(picture, handle, size, framing, device) if picture else None
    with browser:
        mount_browser(
            wants_tab=bool(own_pictures().files) or wanted_digest() is not None,
            choice=" ".join(choice.key) if choice else None,
            stays=st.session_state.pop(keys.GALLERY_SWITCHED, False),
        )
    return choice, verdict


def _choose_picture(link: Link) -> Picture | None:
    galleries = st.container()  # above the uploader on the page, but drawn after it, when the uploads are known
    own = upload_pictures()
    keep_uploads(own.files)
    if own.newest:
        st.session_state.update({keys.GALLERY: OWN, keys.OWN_PICTURE: own.newest})
    with galleries:
        if find_wanted(own.files, own.newest):
            return None
        if own.files and _choose_gallery(own) == OWN:
            chosen = _choose_own(own)
            name_in_link(own.files[chosen])
            return own.picture(chosen)
        name_in_link(None)
        return sample(_choose_sample(link))


def _choose_gallery(own: OwnPictures) -> str:
    """Draw the switch between samples and own pictures."""
    titles = {SAMPLES: "Samples", OWN: f"Yours ({len(own.files)})"}
    chosen = st.segmented_control(
        "Pictures to choose from",
        list(titles),
        format_func=titles.__getitem__,
        default=SAMPLES,
        required=True,
        key=keys.GALLERY,
        on_change=lambda: st.session_state.update({keys.GALLERY_SWITCHED: True}),
        label_visibility="collapsed",
        width="stretch",
    )
    return chosen or SAMPLES


def _choose_own(own: OwnPictures) -> str:
    if st.session_state.get(keys.OWN_PICTURE) not in own.items:
        st.session_state[keys.OWN_PICTURE] = next(iter(own.items))
    chosen = choose_picture("Your picture", own.items, key=keys.OWN_PICTURE, full_names=True)
    st.button(
        "Remove this picture",
        icon=":material/delete:",
        key="remove_picture",
        type="tertiary",
        on_click=remove_files,
        args=(chosen,),
    )
    return chosen


def _choose_sample(link: Link) -> str:
    items = {name: Item(name.capitalize(), thumbnail(sample_picture(name))) for name in sample_images()}
    link.repair_choice(keys.SAMPLE, "picture", {name: item.title for name, item in items.items()})
    chosen = choose_picture("Sample picture", items, key=keys.SAMPLE, bind="query-params")
    known = " and ".join(items[name].title for name in KNOWN_TO_DEMO)
    credit = f"{items[chosen].title}: {CREDITS[chosen]}. " if chosen in CREDITS else ""
    st.caption(f"{credit}Only {known} shows one of the demo model's ten classes.")
    return chosen


def _choose_model(link: Link) -> ModelHandle:
    st.subheader("Model")
    titles = {name: variant.title for name, variant in VARIANTS.items()} | {BACKBONE: TITLE}
    if held := st.session_state.pop(keys.VARIANT_OF_FILE, None):
        st.session_state[keys.VARIANT] = held
    link.repair_choice(keys.VARIANT, "variant", titles)
    variant = st.selectbox(
        "Variant",
        list(titles),
        format_func=titles.__getitem__,
        key=keys.VARIANT,
        bind="query-params",
        on_change=_leave_file,
    )
    if variant == BACKBONE:
        return choose_backbone()
    weights = _choose_weights(link, variant)
    if weights == UPLOAD:
        handle = _uploaded_model(variant)
    else:
        handle = random_model(variant) if weights == RANDOM else pretrained_model(weights)
    for note in handle.notes:
        st.caption(escaped(note, LONGEST_SENTENCE))
    return handle


def _leave_file() -> None:
    """Take the first weights of a variant that somebody chooses while the model of a file runs."""
    variant = st.session_state[keys.VARIANT]
    if st.session_state.get(keys.WEIGHTS) == UPLOAD and variant in VARIANTS:
        st.session_state[keys.WEIGHTS] = next(iter(weight_choices(variant)))


def _choose_weights(link: Link, variant: str) -> str:
    choices = weight_choices(variant)
    in_links = {key: label for key, label in choices.items() if key != UPLOAD}
    repaired = link.repair_choice(
        keys.WEIGHTS, f"weights of {VARIANTS[variant].title}", in_links, why="not on this machine"
    )
    if repaired:  # else Streamlit would obey a link to an uploaded file
        choices = in_links
    if st.session_state.get(keys.WEIGHTS, next(iter(choices))) not in choices:  # those of another variant
        st.session_state[keys.WEIGHTS] = next(iter(choices))
    weights = st.selectbox(
        "Weights", list(choices), format_func=choices.__getitem__, key=keys.WEIGHTS, bind="query-params"
    )
    if repaired:
        st.rerun()  # with all choices
    return weights


def _uploaded_model(variant: str) -> ModelHandle:
    upload = st.file_uploader("Weights file", type=WEIGHT_TYPES, key=keys.WEIGHTS_FILE, help="Ours or as released")
    if upload is None:
        st.caption("Until a file is chosen, the weights are random.")
        return random_model(variant)
    try:
        handle = from_upload(upload.name, upload.getvalue())
    except Exception as error:
        st.error(f"{said(error, upload.name)} The weights stay random.", icon=":material/error:")
        return random_model(variant)
    _show_variant_of(handle, variant)
    return handle


def _show_variant_of(handle: ModelHandle, variant: str) -> None:
    """Make the variant that a file holds the chosen one, or say that it holds none."""
    held = variant_of(handle.model.config)
    if held is None:
        st.caption("The file has settings of its own, which run instead of the variant above.")
    elif held != variant:
        st.session_state[keys.VARIANT_OF_FILE] = held
        st.rerun()


def _choose_size(link: Link, handle: ModelHandle) -> tuple[int | None, Framing]:
    if handle.is_backbone:
        return _choose_own_size(link), "own"
    sizes = {side: f"{side} px" for side in SIZES}
    link.repair_choice(keys.SIZE, "resolution", sizes, lambda asked: nearest_number(asked, sizes, default=SIZES[0]))
    size = st.selectbox("Resolution", SIZES, format_func=sizes.__getitem__, key=keys.SIZE, bind="query-params")
    link.repair_choice(keys.FRAMING, "framing", FRAMINGS)
    framing = st.segmented_control(
        "Framing",
        list(FRAMINGS),
        format_func=FRAMINGS.__getitem__,
        default="crop",
        required=True,
        key=keys.FRAMING,
        bind="query-params",
        help="The published centre crop, or the whole picture with its aspect ratio.",
    )
    return size, framing or "crop"


def _choose_own_size(link: Link) -> int | None:
    """Draw the resolution of a backbone: its own first; framing and normalisation are those of its own file."""
    sizes = {OWN_SIZE: "its own"} | {side: f"{side} px" for side in SIZES}
    link.repair_choice(keys.OWN_SIZE, "resolution", sizes, lambda asked: nearest_number(asked, sizes, default=OWN_SIZE))
    size = st.selectbox(
        "Resolution",
        list(sizes),
        format_func=sizes.__getitem__,
        key=keys.OWN_SIZE,
        bind="query-params",
        help="Pictures are resized, cropped and normalised as the model's own preprocessor_config.json says.",
    )
    return size or None
