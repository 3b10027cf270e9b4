"""The choice of a precision, offered where half of it is faster."""

import streamlit as st

from ui import keys
from ui.address import Link
from ui.view.devices import Device
from ui.view.precision import FULL, HALF, in_precision, pays
from ui.view.view import ModelHandle

LABELS = {FULL: FULL, HALF: HALF}

HELP = (
    "bfloat16 keeps 8 bits of each weight and activation: faster here, and numbers differ by 0.2 % to 2 %, counts of "
    "empty super tokens by more. Measuring sums and divides in float32 either way."
)


def choose_precision(link: Link, handle: ModelHandle, size: int | None, device: Device) -> ModelHandle:
    """Draw the choice where half precision pays, and return the model in the precision that was chosen."""
    if handle.is_backbone or not pays(device.name, size):
        link.repair_choice(keys.PRECISION, "precision", {FULL: FULL}, why="no faster here, or not offered")
        st.session_state.pop(keys.PRECISION, None)
        return handle
    link.repair_choice(keys.PRECISION, "precision", LABELS)
    chosen = st.segmented_control(
        "Precision",
        list(LABELS),
        default=FULL,
        required=True,
        key=keys.PRECISION,
        bind="query-params",
        help=HELP,
    )
    return in_precision(handle, chosen or FULL)
