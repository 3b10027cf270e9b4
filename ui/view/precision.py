"""Models in half precision: where that pays, and copies that sessions share."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st
import torch

from stvit import STViT
from stvit.precision import float_type
from ui.view.devices import CPU, copied
from ui.view.view import ModelHandle

FULL, HALF = "float32", "bfloat16"

CPU_SIZES = range(384, 769)
"""Short sides in px at which half precision pays on a CPU that multiplies it in hardware.

There it takes 0.6 to 0.8 of the time (`python -m benchmarks precision`). Below, a run takes a tenth of a second anyway;
at 1,024 px the replay, which is in single precision either way, takes most of it.
"""


def pays(device: str, size: int | None) -> bool:
    """Return whether a capture in half precision is faster on a device than one in single precision."""
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device == CPU and size is not None and size in CPU_SIZES and _multiplies_halves()


def _multiplies_halves() -> bool:
    """Return whether the CPU has instructions for products in bfloat16; without them it converts, and is slower."""
    has: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))


def in_precision(handle: ModelHandle, precision: str) -> ModelHandle:
    """Return a model in a precision: the one given in single precision, else a copy."""
    if precision == FULL:
        return handle
    return replace(
        handle,
        network=_rounded(handle.digest, precision, handle.model),
        digest=f"{handle.digest}-{precision}",
        title=f"{handle.title}, {precision}",
        precision=precision,
        in_single=handle,
    )


@st.cache_resource(max_entries=2, show_spinner="Rounding the weights ...")
def _rounded(digest: str, precision: str, _model: STViT) -> STViT:
    return copied(_model, CPU, float_type(precision))
