"""Pictures and captures for the app: made once, kept for the next rerun, shared by sessions, never changed.

Keys are hashes of the bytes plus everything else that changes the answer; Streamlit's own hashing of large
arrays samples them and may confuse two pictures.
"""

from hashlib import sha256

import streamlit as st

from stvit import Capture, capture
from stvit.images import PreparedImage, RGBImage, load_image, prepare
from stvit.sample_images import sample_images
from ui.view import Framing, ModelHandle, View


@st.cache_resource(max_entries=16, show_spinner=False)
def sample_picture(name: str) -> RGBImage:
    """Return a sample picture."""
    return sample_images()[name]()


def is_sample(picture: RGBImage) -> bool:
    """Return whether a picture is the sample of its name."""
    return picture.name in sample_images() and sample_picture(picture.name).sha256 == picture.sha256


@st.cache_resource(max_entries=8, show_spinner="Reading the picture ...")
def _read(digest: str, name: str, _data: bytes) -> RGBImage:
    return load_image(_data, name=name)


def uploaded_picture(name: str, data: bytes) -> RGBImage:
    """Return the picture in an uploaded file.

    Raises:
        ImageError: If it holds none that can be used.
    """
    return _read(sha256(data).hexdigest(), name, data)


@st.cache_resource(max_entries=8, show_spinner=False)
def _prepared(digest: str, size: int, framing: Framing, _image: RGBImage) -> PreparedImage:
    return prepare(_image, size, mode=framing)


@st.cache_resource(max_entries=4, show_spinner="Running the model ...")
def _run(
    picture: tuple[str, int, Framing], weights: str, _handle: ModelHandle, _prepared: PreparedImage
) -> tuple[Capture, float]:
    result = capture(_handle.model, _prepared.pixels)
    return result, result.replay_error()


def look(image: RGBImage, handle: ModelHandle, size: int, framing: Framing) -> View:
    """Run a picture through a model, or return what an earlier run found.

    Raises:
        ValueError: If the picture cannot be prepared at this size.
    """
    picture = _prepared(image.sha256, size, framing, image)
    result, error = _run((image.sha256, size, framing), handle.digest, handle, picture)
    return View(picture, handle, result, error, size, framing)
