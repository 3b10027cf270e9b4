"""Pictures and runs of the model: made once, shared by sessions, never changed, kept within a memory limit."""

from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from functools import partial
from hashlib import sha256

import streamlit as st
import torch
from torch import Tensor

from analysis.any_model import prepared as prepare_for
from analysis.backbones import Backbone, BackboneCapture
from analysis.variants import Variant
from stvit import Capture, capture
from stvit.capturing.mixer_weights import MixerWeights
from stvit.images import PreparedImage, RGBImage, load_image
from stvit.images.samples import sample_images
from ui.view.devices import CPU, on_cpu, on_device
from ui.view.speed import WARM_UP, fastest_run, timed, times_run
from ui.view.store import STORE, this_session
from ui.view.view import Framing, ModelHandle, Picture, Run, View


@st.cache_resource(max_entries=16, show_spinner=False)
def sample_picture(name: str) -> RGBImage:
    """Return a sample picture."""
    return sample_images()[name]()


def sample(name: str) -> Picture:
    """Return what the app keeps of a sample picture."""
    return Picture(name, sample_picture(name).sha256, partial(sample_picture, name))


def is_sample(picture: RGBImage) -> bool:
    """Return whether a picture is the sample of the same name."""
    return picture.name in sample_images() and sample_picture(picture.name).sha256 == picture.sha256


def uploaded_picture(name: str, data: bytes) -> Picture:
    """Return what the app keeps of an uploaded picture: the bytes of its file, which are decoded when needed."""
    digest = sha256(data).hexdigest()
    key, owner = ("decoded", digest, name), this_session()

    def decode() -> RGBImage:
        return load_image(data, name=name)

    return Picture(name, digest, lambda: STORE.get(key, decode, lambda picture: picture.array.nbytes, owner))


def view_of(
    picture: Picture,
    handle: ModelHandle,
    size: int | None,
    framing: Framing,
    device: str = CPU,
) -> View:
    """Return a picture through a model, which runs when somebody first looks.

    Looking raises a ValueError if the picture cannot be decoded or prepared at this size, and a RuntimeError if the
    device fails, usually for lack of memory.

    Args:
        picture: The picture.
        handle: The model.
        size: Resolution, in px; None for that of a backbone's own file, or 224.
        framing: "crop" or "whole"; a backbone is given pictures as its own file says.
        device: Where an STViT runs; a backbone runs on the CPU, and what is returned is there.
    """
    if handle.is_backbone:
        framing, device = "own", CPU
    elif framing == "own":
        framing = "crop"
    # The name, too: the same file may have another one in another session.
    key = f"{handle.digest}-{picture.sha256}-{picture.name}-{size}-{framing}-{device}"
    make = partial(_run, picture, handle, size, framing, device)
    return View(handle, size, framing, device, key, partial(STORE.get, key, make, _nbytes, this_session()))


def run_changed(view: View, variant: Variant) -> Capture:
    """Run the view's model on its picture and device with a change, and return what happened, on the CPU."""
    model = on_device(view.handle.model, view.handle.digest, view.device)
    changed = on_cpu(variant.run(model, view.picture.pixels.to(view.device)), view.handle.model)
    return changed.with_attention()  # as the view's own


def seconds_per_run(view: View) -> float:
    """Return about how long the view's model takes for a picture of this size: the fastest run so far.

    A first run is slow, because PyTorch prepares itself, so that a second one is made if there was none, unless the
    first took so long that this makes no difference.
    """
    what = _what_runs(view.handle, view.device, view.picture)
    if times_run(what) < 2 and fastest_run(what) < WARM_UP:
        model, pixels = on_device(view.handle.model, view.handle.digest, view.device), view.picture.pixels
        with timed(what), torch.no_grad():
            model(pixels.to(view.device)).cpu()
    return fastest_run(what)


def _what_runs(handle: ModelHandle, device: str, picture: PreparedImage) -> tuple[str, str, tuple[int, ...]]:
    return handle.digest, device, tuple(picture.pixels.shape)


def _run(picture: Picture, handle: ModelHandle, size: int | None, framing: Framing, device: str) -> Run:
    if isinstance(handle.network, Backbone):
        seen = handle.network.prepare(picture.read(), size)
        of_backbone = handle.network.capture(seen.pixels)
        return Run(seen, of_backbone, of_backbone, _is_finite(of_backbone))
    prepared, _ = prepare_for(handle.network, picture.read(), size, framing)
    model = on_device(handle.network, handle.digest, device)
    with timed(_what_runs(handle, device, prepared)):
        result = capture(model, prepared.pixels.to(device))
        found = on_cpu(result, handle.network)
    return Run(prepared, found, result, _is_finite(found))


def _is_finite(found: Capture | BackboneCapture) -> bool:
    return bool(found.logits.isfinite().all()) and all(record.is_finite for record in found.values())


def _nbytes(run: Run) -> int:
    """Return the bytes that a run holds, counting each tensor's whole storage even if it uses only a part."""
    captures = [run.capture.logits, *run.capture.values(), run.as_run.logits, *run.as_run.values()]
    storages = [tensor.untyped_storage() for tensor in _tensors([run.picture, *captures])]
    arrays = (run.picture.shown, run.picture.source.array)
    return sum({each.data_ptr(): each.nbytes() for each in storages}.values()) + sum(array.nbytes for array in arrays)


def _tensors(holders: Iterable[object]) -> Iterator[Tensor]:
    """Return the tensors in some objects and their parts, without weights, which belong to the model."""
    for holder in holders:
        if isinstance(holder, Tensor):
            yield holder
        elif is_dataclass(holder) and not isinstance(holder, MixerWeights):
            yield from _tensors(vars(holder).values())  # including values that properties have cached since
