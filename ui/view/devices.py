"""Where the model runs: the available devices, copies of models on them, and moving captures back to the CPU.

Everything after the capture but the ledger works on the CPU, since figures need NumPy.
"""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
import torch
from torch import Tensor

from stvit import BlockRecord, Capture, STViT
from stvit.capturing.mixer_taps import weights_of
from stvit.capturing.mixer_weights import MixerWeights
from ui import keys

CPU = "cpu"


@dataclass(frozen=True)
class Device:
    """A device that can run the model.

    Attributes:
        name: PyTorch's name for it, such as "cuda:0".
        title: Its name for users.
    """

    name: str
    title: str


def devices() -> list[Device]:
    """Return the devices of this machine, the CPU first."""
    cards = range(torch.cuda.device_count()) if torch.cuda.is_available() else range(0)
    numbered = len(cards) > 1
    found = [
        Device(f"cuda:{card}", torch.cuda.get_device_name(card) + (f" ({card})" if numbered else "")) for card in cards
    ]
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU"))
    return [Device(CPU, "CPU"), *found]


def choose_device() -> Device:
    """Draw the choice of a device, or say that there is only the CPU."""
    found = devices()
    if len(found) == 1:
        st.caption("Device: CPU")
        return found[0]
    names = {device.name: device for device in found}
    name = st.selectbox(
        "Device",
        list(names),
        format_func=lambda name: names[name].title,
        key=keys.DEVICE,
        help="Where the model runs and, but for an Apple GPU, attention is measured. Drawing is done on the CPU.",
    )
    return names[name]


def on_device(model: STViT, digest: str, device: str) -> STViT:
    """Return a model that runs on a device: the model itself on the CPU, elsewhere a copy that sessions share.

    Args:
        model: On the CPU; it is never moved, because other sessions use it.
        digest: Hash of its weights.
        device: PyTorch's name for the device.
    """
    return model if device == CPU else _copy(digest, device, model)


@st.cache_resource(max_entries=2, show_spinner="Copying the model to the device ...")
def _copy(digest: str, device: str, _model: STViT) -> STViT:
    if device.startswith("cuda"):
        # Convolutions would round to 10 bits of mantissa by default, and captures would not replay.
        torch.backends.cudnn.allow_tf32 = False
    return copied(_model, device, next(_model.parameters()).dtype)


def copied(model: STViT, device: str, dtype: torch.dtype) -> STViT:
    """Return a copy of a model on a device and in a type, in evaluation mode."""
    copy = STViT(model.config)  # not deepcopy: it would copy the hooks of captures that are in progress
    copy.load_state_dict(model.state_dict())
    copy.class_names = model.class_names
    return copy.to(device, dtype).eval()


def can_measure(device: torch.device) -> bool:
    """Return whether a ledger can be made on a device: it needs float64, which Apple's GPUs lack."""
    return device.type != "mps"


def on_cpu(capture: Capture, model: STViT) -> Capture:
    """Return a capture with all its tensors on the CPU.

    Args:
        capture: Made on any device.
        model: The model on the CPU with the same weights, whose projections the records share from now on.
    """
    if capture.logits.device.type == CPU:
        return capture
    blocks = model.blocks()
    records = {block: _record_on_cpu(record, weights_of(blocks[block].attention)) for block, record in capture.items()}
    return Capture(capture.logits.cpu(), capture.image_size, records)


def _record_on_cpu(record: BlockRecord, weights: MixerWeights) -> BlockRecord:
    used = replace(record.used_association, **_tensors_on_cpu(record.used_association))
    return replace(record, **_tensors_on_cpu(record), used_association=used, weights=weights)


def _tensors_on_cpu(holder: Any) -> dict[str, Any]:
    """Return the fields of a frozen record that are tensors, each on the CPU."""
    fields = {name: getattr(holder, name) for name in holder.__dataclass_fields__}
    return {name: value.cpu() for name, value in fields.items() if isinstance(value, Tensor)}
