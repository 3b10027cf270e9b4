"""Pictures and captures for the app: made once, kept for the next rerun, shared by sessions, never changed.

Keys are hashes of the bytes plus everything else that changes the answer; Streamlit's own hashing of large
arrays samples them and may confuse two pictures.
"""

from hashlib import sha256

import streamlit as st

from analysis.variants import Variant
from stvit import Capture, capture
from stvit.images import PreparedImage, RGBImage, load_image, prepare
from stvit.images.samples import sample_images
from ui.view.devices import CPU, on_cpu, on_device
from ui.view.view import Framing, ModelHandle, View


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
def _prepared(digest: str, name: str, size: int, framing: Framing, _image: RGBImage) -> PreparedImage:
    return prepare(_image, size, mode=framing)


@st.cache_resource(max_entries=4, show_spinner="Running the model ...")
def _run(
    picture: tuple[str, int, Framing], weights: str, device: str, _handle: ModelHandle, _prepared: PreparedImage
) -> tuple[Capture, float]:
    model = on_device(_handle.model, weights, device)
    result = capture(model, _prepared.pixels.to(device))
    return on_cpu(result, _handle.model), result.replay_error()


def look(image: RGBImage, handle: ModelHandle, size: int, framing: Framing, device: str = CPU) -> View:
    """Run a picture through a model, or return what an earlier run found.

    Args:
        image: The picture.
        handle: The model.
        size: Resolution, in px.
        framing: "crop" or "whole".
        device: Where the model runs; what is returned is on the CPU.

    Raises:
        ValueError: If the picture cannot be prepared at this size.
        RuntimeError: If the device gives up, mostly for lack of memory.
    """
    picture = _prepared(image.sha256, image.name, size, framing, image)
    result, error = _run((image.sha256, size, framing), handle.digest, device, handle, picture)
    return View(picture, handle, result, error, size, framing, device)


def look_again(view: View, variant: Variant) -> Capture:
    """Run the view's model on its picture and device with a change, and return what happened, on the CPU."""
    model = on_device(view.handle.model, view.handle.digest, view.device)
    return on_cpu(variant.run(model, view.picture.pixels.to(view.device)), view.handle.model)
